/// A table whose first column names its rows.
struct PageTable {
    /// Read out before the table.
    var caption: String
    var header: [String]
    var rows: [[Markup]]

    init(_ caption: String, _ header: [String], _ rows: [[Markup]]) {
        self.caption = caption
        self.header = header
        self.rows = rows
    }

    init(_ caption: String, _ header: [String], texts rows: [[String]]) {
        self.init(caption, header, rows.map { $0.map { Markup($0) } })
    }

    var markup: Markup {
        let head = Markup("tr", header.map { Markup("th", ["scope": "col"], [Markup($0)]) })
        let body = rows.map { cells in
            Markup("tr", cells.enumerated().map { $0.offset == 0 ? Markup("th", ["scope": "row"], [$0.element]) : Markup("td", [$0.element]) })
        }
        // Wider than a phone, a table is pushed sideways and the page is not; with a keyboard too.
        return Markup("div", ["class": "table", "tabindex": "0", "role": "region", "aria-label": caption], [
            Markup("table", [Markup("caption", [Markup(caption)]), Markup("thead", [head]), Markup("tbody", body)]),
        ])
    }
}

/// A plot with its title, its legend, and the table of what it shows.
struct Figure {
    var title: String
    var drawing: Markup
    /// Names of the series, in the order of their colours; empty where there is nothing to tell apart.
    var legend: [String] = []
    /// Whether the series are bars, not curves.
    var hasBars = false
    /// A sentence below the title, where it needs one.
    var note: String?
    var table: PageTable

    var markup: Markup {
        var parts = [Markup("figcaption", [Markup(title)])]
        if let note { parts.append(Markup("p", ["class": "note"], [Markup(note)])) }
        parts.append(drawing)
        if !legend.isEmpty {
            parts.append(Markup("ul", ["class": "legend"], legend.enumerated().map { index, name in
                Markup("li", [SeriesMark.key(index, isBar: hasBars), Markup(name)])
            }))
        }
        parts.append(.details("The numbers", [table.markup]))
        return Markup("figure", parts)
    }
}
