/**
 * Predictions as Replicate's HTTP API has them. A prediction is a job that is kept. The package translates requests and answers. It owns no
 * jobs.
 */
package dev.weir.gateway.replicate;
