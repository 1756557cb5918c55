/** Random faults under load, and the results of every job. */
package dev.weir.bench.chaos;
