package dev.weir.bench.chart;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Dimension;
import java.awt.Font;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Rectangle2D;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.batik.svggen.SVGGraphics2D;
import org.jfree.chart.ChartFactory;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.Axis;
import org.jfree.chart.axis.LogarithmicAxis;
import org.jfree.chart.block.BlockBorder;
import org.jfree.chart.plot.CategoryPlot;
import org.jfree.chart.plot.PlotOrientation;
import org.jfree.chart.renderer.category.BarRenderer;
import org.jfree.chart.renderer.category.LineAndShapeRenderer;
import org.jfree.chart.renderer.category.StandardBarPainter;
import org.jfree.chart.text.TextUtils;
import org.jfree.chart.title.LegendTitle;
import org.jfree.chart.ui.RectangleEdge;
import org.jfree.chart.ui.RectangleInsets;
import org.jfree.data.category.DefaultCategoryDataset;
import org.w3c.dom.Document;

/**
 * Numbers of some series in some categories, as bars or lines. Its colours are readable on white and on nearly black, and its background
 * is transparent. Needs no screen. One thread.
 */
public final class Chart {

    private static final int WIDTH = 760;
    private static final int HEIGHT = 330;
    private static final int LABEL_LINES = 3;
    private static final float LINE = 2;
    private static final double DOT = 7;
    private static final Font TEXT = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
    private static final Font HEAD = new Font(Font.SANS_SERIF, Font.BOLD, 13);
    /** Contrast of about 4 to 1 with both backgrounds. */
    private static final Color INK = new Color(0x7d8590);

    private static final Color GRID = new Color(0x7d, 0x85, 0x90, 0x50);
    private static final Color NONE = new Color(0, 0, 0, 0);
    private static final List<Color> SERIES = List.of(
            new Color(0x2878d0), new Color(0xd9732b), new Color(0x2f9e55), new Color(0x8f63d9), new Color(0xc2478c));

    static {
        // Otherwise rotated text becomes outlines.
        TextUtils.setUseDrawRotatedStringWorkaround(false);
    }

    private final JFreeChart chart;
    private final DefaultCategoryDataset numbers;

    private Chart(JFreeChart chart, DefaultCategoryDataset numbers) {
        this.chart = chart;
        this.numbers = numbers;
    }

    /** Side by side in each category, from zero. */
    public static Chart bars(String title, String categories, String values) {
        var numbers = new DefaultCategoryDataset();
        var chart = ChartFactory.createBarChart(
                title, categories, values, numbers, PlotOrientation.VERTICAL, true, false, false);
        BarRenderer bars = (BarRenderer) chart.getCategoryPlot().getRenderer();
        bars.setBarPainter(new StandardBarPainter());
        bars.setShadowVisible(false);
        bars.setItemMargin(0.04);
        return styled(chart, numbers);
    }

    /** From category to category, which are in the order of a quantity. */
    public static Chart lines(String title, String categories, String values) {
        var numbers = new DefaultCategoryDataset();
        var chart = ChartFactory.createLineChart(
                title, categories, values, numbers, PlotOrientation.VERTICAL, true, false, false);
        LineAndShapeRenderer lines =
                (LineAndShapeRenderer) chart.getCategoryPlot().getRenderer();
        lines.setDefaultShapesVisible(true);
        lines.setAutoPopulateSeriesStroke(false);
        lines.setAutoPopulateSeriesShape(false);
        lines.setDefaultStroke(new BasicStroke(LINE));
        lines.setDefaultShape(new Ellipse2D.Double(-DOT / 2, -DOT / 2, DOT, DOT));
        return styled(chart, numbers);
    }

    private static Chart styled(JFreeChart chart, DefaultCategoryDataset numbers) {
        chart.setBackgroundPaint(NONE);
        chart.setPadding(new RectangleInsets(8, 8, 8, 8));
        chart.getTitle().setFont(HEAD);
        chart.getTitle().setPaint(INK);
        LegendTitle legend = chart.getLegend();
        legend.setItemFont(TEXT);
        legend.setItemPaint(INK);
        legend.setBackgroundPaint(NONE);
        legend.setFrame(BlockBorder.NONE);
        legend.setPosition(RectangleEdge.BOTTOM);
        CategoryPlot plot = chart.getCategoryPlot();
        plot.setBackgroundPaint(NONE);
        plot.setOutlineVisible(false);
        plot.setRangeGridlinePaint(GRID);
        plot.setRangeGridlineStroke(new BasicStroke(1));
        plot.getDomainAxis().setMaximumCategoryLabelLines(LABEL_LINES);
        style(plot.getDomainAxis());
        style(plot.getRangeAxis());
        return new Chart(chart, numbers);
    }

    private static void style(Axis axis) {
        axis.setLabelFont(TEXT);
        axis.setTickLabelFont(TEXT);
        axis.setLabelPaint(INK);
        axis.setTickLabelPaint(INK);
        axis.setAxisLinePaint(INK);
        axis.setTickMarkPaint(INK);
    }

    /** For numbers of several magnitudes. */
    public Chart logarithmic() {
        CategoryPlot plot = chart.getCategoryPlot();
        plot.setRangeAxis(new LogarithmicAxis(plot.getRangeAxis().getLabel()));
        style(plot.getRangeAxis());
        return this;
    }

    /** One number of a series. Series and categories are shown in the order in which they first come; a missing number leaves a gap. */
    public Chart add(String series, String category, double value) {
        numbers.addValue(value, series, category);
        return this;
    }

    /** The picture. */
    public String svg() {
        CategoryPlot plot = chart.getCategoryPlot();
        for (int i = 0; i < numbers.getRowCount(); i++) {
            plot.getRenderer().setSeriesPaint(i, SERIES.get(i % SERIES.size()));
        }
        SVGGraphics2D canvas = new SVGGraphics2D(newDocument());
        canvas.setSVGCanvasSize(new Dimension(WIDTH, HEIGHT));
        chart.draw(canvas, new Rectangle2D.Double(0, 0, WIDTH, HEIGHT));
        StringWriter out = new StringWriter();
        try {
            canvas.stream(out, true);
        } catch (IOException e) {
            throw new UncheckedIOException("a string cannot be written to", e);
        }
        return out.toString();
    }

    private static Document newDocument() {
        try {
            return DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .getDOMImplementation()
                    .createDocument("http://www.w3.org/2000/svg", "svg", null);
        } catch (ParserConfigurationException e) {
            throw new IllegalStateException("the JDK has an XML parser", e);
        }
    }
}
