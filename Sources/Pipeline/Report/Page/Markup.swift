/// A piece of HTML or SVG, escaped and well formed by the way it is made. A string literal is text.
struct Markup: Sendable, Equatable, ExpressibleByStringInterpolation {
    let source: String

    /// Text, in which nothing is markup.
    init(_ text: String) { source = Self.escaped(text) }

    init(stringLiteral text: String) { self.init(text) }

    /// An element; attribute values are escaped.
    init(_ name: String, _ attributes: KeyValuePairs<String, String>, _ children: [Markup] = []) {
        let opening = "<" + name + attributes.map { " \($0.key)=\"\(Self.escaped($0.value, quotes: true))\"" }.joined()
        source = Self.childless.contains(name)
            ? opening + "/>" : opening + ">" + children.map(\.source).joined() + "</\(name)>"
    }

    init(_ name: String, _ children: [Markup]) { self.init(name, [:], children) }

    private init(source: String) { self.source = source }

    /// Several pieces, one after the other.
    static func all(_ parts: [Markup]) -> Markup { Markup(source: parts.map(\.source).joined()) }

    /// A whole document of which `root` is the `html` element.
    static func document(_ root: Markup) -> String { "<!DOCTYPE html>\n" + root.source + "\n" }

    private static let childless: Set<String> = ["meta", "br", "line", "rect", "circle", "path", "polyline", "polygon"]

    /// What XML 1.0 does not allow in a document, such as the escape character of terminals, is replaced.
    private static func escaped(_ text: String, quotes: Bool = false) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"" where quotes: result += "&quot;"
            case "\t", "\n": result.unicodeScalars.append(scalar)
            case _ where scalar.value < 32 || scalar.value == 0xFFFE || scalar.value == 0xFFFF || (0x7F...0x9F).contains(scalar.value):
                result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension Markup {
    static func paragraph(_ parts: [Markup], class name: String? = nil) -> Markup {
        name.map { Markup("p", ["class": $0], parts) } ?? Markup("p", parts)
    }

    /// Why something is not there.
    static func absence(_ reason: String) -> Markup { Markup("p", ["class": "absent"], [Markup(reason)]) }

    static func code(_ text: String) -> Markup { Markup("code", [Markup(text)]) }

    /// Folded away until asked for; printed unfolded, by browsers that let a style sheet at what is folded (`::details-content`). A page
    /// that folds by style sheet alone would print unfolded everywhere, but no search in the page would find what is folded.
    static func details(_ summary: String, _ content: [Markup]) -> Markup {
        Markup("details", [Markup("summary", [Markup(summary)])] + content)
    }
}
