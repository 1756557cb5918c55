/** What lies in {@code deploy/}, run and checked as far as a machine without a container engine can. */
package dev.weir.tests.deploy;
