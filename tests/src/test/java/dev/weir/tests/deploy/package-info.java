/** The contents of {@code deploy/}, run and checked as far as possible without a container engine. */
package dev.weir.tests.deploy;
