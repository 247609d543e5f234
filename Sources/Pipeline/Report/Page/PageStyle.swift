/// How the page looks: on a screen by day and by night, on a phone, on paper. Nothing is fetched.
enum PageStyle {
    private static let light = """
        --paper:#fff;--ink:#1b1f24;--soft:#59636e;--rule:#d5dae0;--panel:#f5f7f9;--heat:#8a3a0c;--limit:#b3261e;--good:#17693b;--bad:#b3261e;\
        --c0:#5b6470;--c1:#0b62a8;--c2:#b4530a;--c3:#17774a;--c4:#7d3fa0;--c5:#a8214f
        """
    private static let dark = """
        --paper:#14181d;--ink:#e6e9ed;--soft:#a3adb8;--rule:#39424c;--panel:#1c2229;--heat:#f0a05a;--limit:#ff8a80;--good:#6fd39a;--bad:#ff8a80;\
        --c0:#a9b2bd;--c1:#6db3f2;--c2:#f0a05a;--c3:#6fd39a;--c4:#c79be6;--c5:#f58bb0
        """

    static let css = """
        :root{color-scheme:light dark;\(light)}
        @media (prefers-color-scheme:dark){:root{\(dark)}}
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%}
        body{margin:0 auto;max-width:64rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
        h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0;overflow-wrap:anywhere}
        h2{font-size:1.25rem;margin:2.2rem 0 .6rem;padding-top:.6rem;border-top:1px solid var(--rule)}
        h3{font-size:1.05rem;margin:1.4rem 0 .4rem}
        p{margin:.5rem 0;max-width:46rem}
        .verdict{font-size:1.15rem;font-weight:600}
        .facts,.note,caption,.absent{color:var(--soft)}
        .note,.absent,.facts{font-size:.9rem}
        .absent{font-style:italic}
        nav ul{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.9rem}
        a{color:var(--c1)}
        code,pre{font:.85em/1.45 ui-monospace,monospace;overflow-wrap:anywhere;white-space:pre-wrap}
        pre{background:var(--panel);padding:.6rem;margin:.4rem 0;border-radius:4px}
        .figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,27rem),1fr));gap:1rem}
        .figures figure{margin:0;max-width:46rem}
        figure{margin:.6rem 0;padding:.7rem;border:1px solid var(--rule);border-radius:6px;min-width:0;max-width:31rem}
        figcaption{font-weight:600;margin-bottom:.3rem}
        svg.plot{width:100%;height:auto;display:block}
        svg.key{width:30px;height:14px;margin-right:.35rem;vertical-align:-1px}
        .legend{list-style:none;padding:0;margin:.3rem 0;display:flex;flex-wrap:wrap;gap:.1rem 1rem;font-size:.85rem}
        .table{overflow-x:auto;margin:.5rem 0}
        table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
        caption{text-align:left;padding-bottom:.2rem}
        th,td{text-align:left;vertical-align:top;padding:.2rem .7rem .2rem 0;border-bottom:1px solid var(--rule)}
        th{font-weight:600}
        thead th{color:var(--soft);font-weight:500}
        summary{cursor:pointer;color:var(--soft);font-size:.9rem}
        .run{margin:.8rem 0}
        .run summary{font-size:1.05rem;color:var(--ink);font-weight:600}
        blockquote{margin:.8rem 0;padding:.1rem .8rem;border-left:3px solid var(--rule);overflow-wrap:anywhere}
        blockquote.good{border-color:var(--good)}
        blockquote.bad{border-color:var(--bad)}
        .choices{list-style:none;padding:0;margin:.3rem 0}
        .question{white-space:pre-wrap}
        .warning{border-left:3px solid var(--bad);padding-left:.7rem;font-weight:600}
        svg text{font:12px system-ui,sans-serif;fill:var(--ink)}
        svg .tick{fill:var(--soft);font-size:11px}
        svg .axis-name{fill:var(--soft)}
        svg .name{font-weight:600}
        svg .limit-name{fill:var(--limit);font-size:11px}
        svg .inside{fill:var(--paper);font-size:11px;font-weight:600}
        .axis{stroke:var(--soft)}
        .grid{stroke:var(--rule);stroke-width:.7}
        .reference{stroke:var(--soft);stroke-dasharray:2 3}
        .limit{stroke:var(--limit);stroke-width:1.5;stroke-dasharray:5 3}
        .hope{fill:var(--good);opacity:.14}
        .heat{fill:var(--heat)}
        .hole{fill:var(--panel);stroke:var(--rule);stroke-dasharray:1 2}
        .curve{fill:none;stroke-width:1.8;stroke-linejoin:round}
        .whisker{stroke-width:1.5}
        .mark{stroke:var(--paper);stroke-width:.6}
        \(series)
        @media (max-width:30rem){body{padding:.7rem}figure{padding:.4rem}svg text{font-size:13.5px}svg .tick,svg .limit-name,svg .inside{font-size:13px}}
        @media print{
        :root{color-scheme:light;\(light)}
        body{max-width:none;font-size:10.5pt;padding:0}
        nav{display:none}
        figure,blockquote,tr{break-inside:avoid}
        h2,h3,figcaption{break-after:avoid}
        details::details-content{content-visibility:visible;display:block;height:auto}
        .table{overflow:visible}
        a{color:inherit;text-decoration:none}
        }
        """

    /// Colours, and dashes for whoever sees no colours.
    private static let series = (0..<SeriesMark.count).map { index in
        let dashes = ["none", "none", "7 3", "2 3", "9 3 2 3", "4 2"][index]
        return """
            .mark.s\(index),.bar.s\(index){fill:var(--c\(index))}
            .curve.s\(index){stroke:var(--c\(index));stroke-dasharray:\(dashes)}
            .whisker.s\(index){stroke:var(--c\(index))}
            """
    }.joined(separator: "\n")
}
