import Foundation
#if canImport(FoundationXML)
import FoundationXML
#endif

/// An HTML page read as XML, which it is if it is well formed.
final class PageReader: NSObject, XMLParserDelegate {
    struct Element {
        var name: String
        var attributes: [String: String]
        /// Of the element itself and of what is in it.
        var text = ""
        /// Names of the elements around it, outermost first.
        var path: [String]
    }

    private(set) var elements: [Element] = []
    private(set) var failure: String?
    private var open: [Int] = []

    init(_ page: String) {
        super.init()
        let parser = XMLParser(data: Data(page.utf8))
        parser.delegate = self
        if !parser.parse() { failure = "line \(parser.lineNumber): \(parser.parserError.map { "\($0)" } ?? "unknown")" }
    }

    func all(_ name: String, class wanted: String? = nil) -> [Element] {
        elements.filter { element in
            element.name == name && (wanted.map { (element.attributes["class"] ?? "").split(separator: " ").contains(Substring($0)) } ?? true)
        }
    }

    /// Everything between the tags.
    var text: String { elements.first?.text ?? "" }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?, attributes: [String: String]
    ) {
        elements.append(Element(name: name, attributes: attributes, path: open.map { elements[$0].name }))
        open.append(elements.count - 1)
    }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) { open.removeLast() }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        for index in open { elements[index].text += string }
    }
}
