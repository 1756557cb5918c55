package dev.weir.bench.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

final class ChartTest {

    @Test
    void aChartNamesItsSeriesAndCategoriesInText() throws Exception {
        String svg = Chart.bars("Speed", "rows", "images/s")
                .add("Weir", "one", 1)
                .add("Weir", "two", 2)
                .add("another", "two", 1.5)
                .svg();
        assertThat(texts(svg)).contains("Speed", "rows", "images/s", "Weir", "another", "one", "two");
    }

    /** On a page of any colour, only the bars and lines are opaque. */
    @Test
    void theBackgroundIsTransparent() throws Exception {
        NodeList rectangles =
                parsed(Chart.lines("a", "b", "c").add("d", "e", 1).svg()).getElementsByTagName("rect");
        assertThat(rectangles.getLength()).isPositive();
        for (int i = 0; i < rectangles.getLength(); i++) {
            Element group = (Element) rectangles.item(i).getParentNode();
            assertThat(group.getAttribute("style")).contains("fill-opacity:0");
        }
    }

    @Test
    void numbersOfSeveralMagnitudesAreApart() throws Exception {
        String svg = Chart.lines("a", "b", "s")
                .logarithmic()
                .add("wait", "x", 0.01)
                .add("wait", "y", 10)
                .svg();
        assertThat(texts(svg)).contains("0.01", "0.1", "1", "10");
    }

    @Test
    void theSameNumbersGiveTheSameFile() {
        assertThat(Chart.bars("a", "b", "c").add("d", "e", 1).svg())
                .isEqualTo(Chart.bars("a", "b", "c").add("d", "e", 1).svg());
    }

    private static List<String> texts(String svg) throws Exception {
        NodeList elements = parsed(svg).getElementsByTagName("text");
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < elements.getLength(); i++) {
            texts.add(elements.item(i).getTextContent());
        }
        return texts;
    }

    private static Document parsed(String svg) throws Exception {
        var factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
        return factory.newDocumentBuilder().parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
    }
}
