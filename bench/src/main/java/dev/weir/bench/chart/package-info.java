/** Charts of measured numbers, as SVG pictures. */
package dev.weir.bench.chart;
