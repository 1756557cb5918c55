"""What ftfy makes of many strings, and what Python's str.lower makes of the fixed ones: mojibake of all its encodings, and everything else."""

import random

import ftfy
from ftfy.chardata import CHARMAP_ENCODINGS, HTML_ENTITIES, LIGATURES

from fixtures import OUT, save_cases
from token_ids import STRINGS, random_string

SENTENCES = [
    "“Smart quotes” — and an em dash… it’s naïve café", "L’été à la plage, où l’on mange des crêpes", "Übergröße: Äpfel für 5 €",
    "El niño comió piñata ¿qué? ¡ah!", "Příliš žluťoučký kůň úpěl ďábelské ódy", "Zażółć gęślą jaźń", "Съешь ещё этих мягких французских булок",
    "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία", "Şişli'de yağmur ılık ığdır", "Ķīļu žēļa šūpuļa čīkstēja", "日本語の文章です", "中文字符测试", "한국어 문장",
    "العربية نص", "שלום עולם", "हिन्दी पाठ", "ภาษาไทย", "emoji 🎨 and 👩‍🚀 and ❤️", "✔ No problems", "¯\\_(ツ)_/¯", "½ cup, 20° C, 3 × 4 ± 1",
    "a\u00a0b\u00a0c", "à", "às vezes", "• bullet ™ ® © §¶", "ﬁne ﬂuﬀy oﬃce", "Ｆｕｌｌ　ｗｉｄｔｈ", "ＡＢＣ１２３！？", "ｱｲｳ ﾊﾟﾋﾟ ﾡﾢ", "Größenwahn",
]
SPECIAL = [
    "&amp; &lt;b&gt; &quot;x&quot; &#39;y&#39; &nbsp;z &hellip;", "&amp;amp;amp;", "&amp;lt;b&amp;gt;", "a < b &amp; c", "x <y\n&amp; z", "&amp; first\n<tag> &amp;\n&amp; last",
    "&EACUTE; &NTILDE; &nTILDE; &SZLIG; &AMP; &LT;", "&#128; &#x80; &#150; &#0; &#x0; &#13; &#xD800; &#x110000; &#99999999999; &#11; &#xFFFE; &#x1F600;", "&#65 &#x41 &amp &notit; &notin; &xyz;",
    "&Jscr;ohn &HilbertSpace;ancock &checkmark;", "this&not that", "&#x; &#; &; &#xZZ; &#12a;", "&acE; &bne; &NotEqualTilde; &fjlig;", "&#8220;q&#8221; &#146;s",
    "\x1b[36;44mblue\x1b[0m \x1b[1m \x1b[;m \x1b[K \x1b[?25l \x1b]0;t\x07", "\x9bm \x1b \x1b[", "a\x00b\x01c\x08d\x0be\x0cf\x0eg\x1fh\x7fi", "\u206a\u206f \ufff9\ufffa\ufffb\ufffc",
    "\ufeffbom \ufeff", "\u200bzero\u200cwidth\u200djoin\u200emark\u200f\u202aemb\u202e \u2066iso\u2069 \u00adsoft", "\x80\x81\x82\x85\x8d\x8f\x90\x93\x94\x9d\x9f", "don\x92t \x93x\x94 \x85",
    "a\r\nb\rc\u2028d\u2029e\x85f\x0bg\x0ch", "line one\nline two\n\n  line three\n", "\t tab \u3000 \u2003 \u00a0 \u1680 \u205f \u202f",
    "\ud83d\ude00", "\ud83d", "\ude00\ud83d", "x\ud800y\udfffz", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e007f", "e\u0301 A\u030a \u1100\u1161\u11a8 \u0958",
    "\u212b \u2126 \u212a \u00b5 \u2460 \u00bd \u2163 \u3392 \ufb03 \ufb4f", "\u0132\u0133\u0149\u01c4\u01c5\u01c6\u01c7\u01c8\u01c9\u01ca\u01cb\u01cc\u01f1\u01f2\u01f3\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06\ufb13",
    "\u02bc\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033\u00ab\u00bb\u2039\u203a", "ΑΣΣΟΣ ΟΔΟΣ Σ ΑΣ. ΑΣ'Α Α.Σ Σ' 'Σ ΑΣ\u0301 ΑΣ\u200dΑ \u0301Σ 1Σ Α1Σ ΣΑΣ-ΑΣ ΑΣ:ΑΣ ʰΣ aΣ\u00ad ΑΣ’", "İstanbul IĞDIR ıI İİ ǰ ŉ ẞ ß ΐ",
    "ᾳ ᾼ ὈΔΥΣΣΕΎΣ Ὀ", "ÀÉÎ ĐƉ Ʉ Ƞ", "âœ” No problems", "&macr;\\_(ã\x83\x84)_/&macr;", "Broken text&hellip; it&#x2019;s ﬂubberiﬁc!", "ＬＯＵＤ　ＮＯＩＳＥＳ", "sÃ³", "voilÃ le travail",
    "The Mona Lisa doesnÃƒÂ¢Ã¢â€šÂ¬Ã¢â€žÂ¢t have eyebrows.", "l’humanitÃ©", "Ã la carte Ã quele Ã s vezes", "fÃ cil", "â€œ like this â€�", "â€œ like this â€?", "Ã? Â? Ã?Ã?", "\xed\xa0\xbd\xed\xb8\x80", "í\xa0½í¸\x80 x", "Ã\x80\x80 À\x80 null",
    "ðŸ˜€ ðŸ˜", "ðŸ’©ðŸ’©", "рџ’© РїСЂРёРІРµС‚", "Ð¿Ñ€Ð¸Ð²ÐµÑ‚", "╨┐╤А╨╕╨▓╨╡╤В", "√© √† la carte ‚Äî ‚Äú", "ÎµÎ»Î»", "Ã¼ber fÃ¼r Ã–l", "cafÃ© au lait, 5 â‚¬", "Â£5 Â° Â±", "naÃ¯ve façade", "×›×œ", "Ø§Ù„Ø¹", "à¤¹à¤¿", "ä¸­æ–‡", "æ—¥æœ¬èªž",
    "a ÃÂ b", "Å Å‚ Å ", "ГўВЂВ™s", "Horsham вЂ“ PHP", "ā€™s", "Inglaterra: es un lugar que no te da nada aÃºn", "¡Â¡Â¿", "Ôºø x", "∂ƒ©∆ µ≤≥", "œ x œa Œ.", "É° Ü° Âª Âº", "Ã\u00a0 Ã¡", "а Ñ б", "ÂÂÂ", "  Ã  ", "Ã ", "x Ã y",
    "Wien, Österreich; 25°C", "HUHLÂ¸ á", "PARCE QUE SUR LEURS PLAQUES IL Y MARQUÉ…", "OK??:(   `¬´    ):", "4288×…", "HELLO™®", "├┤a┬ôa┬ôa┬ô", "Ɓ ɓ ʘ‿ʘ ( ͡° ͜ʖ ͡°) ಠ_ಠ", "ÙŠÙˆÙ†ÙŠÙƒÙˆØ¯ Ã©",
    "", " ", "\n", "\n\n", "\x00", "\ufeff", "plain ascii only", "é " * 60, "Ã©" * 60, "â€™" * 60 + "é日", "&amp;" * 60,
]
WRONG = [e for e in CHARMAP_ENCODINGS] + ["windows-1252", "windows-1251", "windows-1250", "windows-1253", "windows-1254", "windows-1257"]
RANDOM = 200


def mojibake(text: str, encoding: str, times: int = 1) -> str:
    for _ in range(times):
        text = text.encode("utf-8").decode(encoding, errors="replace")
    return text


def strings() -> list:
    source = random.Random(11)
    found = STRINGS + SENTENCES + SPECIAL
    found += [mojibake(s, e) for s in SENTENCES for e in WRONG]
    found += [mojibake(s, "sloppy-windows-1252", 2) for s in SENTENCES]
    found += [mojibake(s, e).replace("\u00a0", " ") for s in SENTENCES[:20] for e in ("sloppy-windows-1252", "latin-1")]
    found += [mojibake(s, "sloppy-windows-1252") + " " + t for s, t in zip(SENTENCES, SENTENCES[5:])]
    found += [s.replace("’", "\x92").replace("“", "\x93") for s in SENTENCES[:3]]
    found.append(" ".join(HTML_ENTITIES))
    found.append(" ".join(map(chr, LIGATURES)))
    found += ["".join(map(chr, range(start, start + 256))) for start in (0, 0x100, 0x2000, 0x2100, 0xfb00, 0xff00)]
    # Every character of the encodings beside every other kind.
    alphabet = sorted({c for e in CHARMAP_ENCODINGS for c in bytes(range(0x80, 0x100)).decode(e)} | set(" aZ.?5'"))
    found += [random_string(source) for _ in range(RANDOM)]
    found += ["".join(source.choice(alphabet) for _ in range(source.randint(2, 12))) for _ in range(RANDOM)]
    for _ in range(RANDOM):
        text = mojibake(source.choice(SENTENCES), source.choice(CHARMAP_ENCODINGS), source.choice([1, 1, 2]))
        cut = source.randint(0, len(text))
        found.append(text[cut:cut + source.randint(1, 30)] + source.choice(["", " x", source.choice(SENTENCES)[:10]]))
    return list(dict.fromkeys(found))


def main() -> None:
    cases = []
    for text in strings():
        fixed = ftfy.fix_text(text)
        case = {"text": text}
        if fixed != text:
            case["fixed"] = fixed
        if fixed.lower() != fixed:
            case["lower"] = fixed.lower()
        cases.append(case)
    save_cases(OUT / "tokenizers/ftfy.json", cases)
