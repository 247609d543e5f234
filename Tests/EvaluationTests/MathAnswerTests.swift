import Testing

import Evaluation

@Suite struct BoxedAnswerTests {
    @Test(arguments: [
        (#"so \boxed{5}."#, "5"), (#"\boxed{\frac{1}{2}}"#, #"\frac{1}{2}"#), (#"first \boxed{1}, then $\boxed{ 2 }$"#, "2"),
        (#"\boxed{\left\{1, 2\right\}}"#, #"\left\{1, 2\right\}"#), (#"\fbox{a{b}c}"#, "a{b}c"), (#"$\boxed 7$ done"#, "7"),
        (#"\boxed{\text{(C)}}"#, #"\text{(C)}"#), (#"\boxed{4} and then cut off \boxed{\frac{1}"#, "4"), (#"\boxed{\boxed{3}}"#, "3"),
        (#"\boxed{\}}"#, #"\}"#),
    ])
    func theLastClosedBoxIsRead(text: String, answer: String) {
        #expect(BoxedAnswer.last(in: text) == answer)
    }

    @Test(arguments: ["", "the answer is 5", #"\boxed{5"#, #"\boxed"#, #"\boxedness{5}"#, #"\boxed $"#])
    func withoutABoxThereIsNoAnswer(text: String) {
        #expect(BoxedAnswer.last(in: text) == nil)
    }
}

@Suite struct MathEquivalenceTests {
    @Test(arguments: [
        // Numbers
        ("5", "5.0"), ("1,000", "1000"), ("1 000", "1000"), ("1{,}234{,}567", "1234567"), ("0.5", ".5"), (#"\frac{1}{2}"#, "0.5"), (#"\dfrac12"#, #"\frac{1}{2}"#),
        ("1/2", #"\tfrac{2}{4}"#), (#"2\frac{1}{2}"#, "5/2"), (#"-\frac{3}{4}"#, #"\frac{-3}{4}"#), ("−3", "-3"), (#"3 \times 10^{-2}"#, "0.03"),
        ("2^{10}", "1024"), ("5!", "120"), (#"\binom{5}{2}"#, "10"), (#"0.\overline{3}"#, #"\frac13"#), (#"1.2\overline{45}"#, #"\frac{137}{110}"#),
        // Signs and units that do not count
        (#"90^\circ"#, "90"), (#"50\%"#, "50"), (#"\$5.50"#, "5.5"), (#"12\text{ cm}^2"#, "12"), (#"7 \text{ inches}"#, "7"), ("$x=5$", "5"),
        (#"\(5\)"#, "5"), ("5.", "5"), (#"f(x) = x^2+1"#, "1+x^2"), (#"x \in [0, 1]"#, "[0,1]"),
        // Radicals and functions
        (#"2\sqrt{3}"#, #"\sqrt{12}"#), (#"\sqrt3"#, #"\frac{3}{\sqrt{3}}"#), (#"\sqrt[3]{8}"#, "2"), (#"\sqrt[3]{-8}"#, "-2"),
        (#"\frac{\pi}{4}"#, #"\arctan 1"#), (#"\log_2 8"#, "3"), (#"\sin^2 x + \cos^2 x"#, "1"), ("sqrt(2)/2", #"\frac{1}{\sqrt{2}}"#),
        (#"e^{\ln 3}"#, "3"), ("|-4|", "4"), (#"\lfloor 2.7 \rfloor"#, "2"),
        // Expressions
        ("x^2-1", "(x-1)(x+1)"), ("2xy", "y \\cdot 2x"), (#"\frac{x+1}{2}"#, #"\frac12 x + 0.5"#), ("a_{1}+b", "b+a_1"), (#"\alpha+\beta"#, #"\beta+\alpha"#),
        ("x^{-1}", #"\frac1x"#), ("-x^2", "-(x^2)"), (#"\sqrt{x^2}"#, "|x|"), ("y = 2x+3", "y=3+2x"), ("y = 2x", "2x = y"),
        // Tuples, intervals, lists, sets, unions, matrices
        ("(1, 2)", #"\left(1,\frac{4}{2}\right)"#), ("[0, 1)", "[0,1)"), (#"(-\infty, 5]"#, #"(-\infty,5.0]"#), ("1, -2", "-2,1"),
        (#"\{1,2,3\}"#, "3, 2, 1"), (#"1 \pm \sqrt{2}"#, #"1-\sqrt2, 1+\sqrt2"#), (#"(0,1) \cup [2,3]"#, #"[2,3]\cup(0,1)"#),
        (#"3 \text{ and } 4"#, "4,3"), ("x=1, x=2", "2,1"), (#"\begin{pmatrix} 1 \\ 2 \end{pmatrix}"#, #"\begin{bmatrix}1\\\frac42\end{bmatrix}"#),
        (#"(\frac{1}{2}, x+y)"#, "(0.5,y+x)"),
        // Words
        (#"\text{even}"#, "even"), (#"\text{Monday}"#, "monday"), (#"\text{(C)}"#, "C"), (#"\textbf{(B)}"#, "(B)"), ("1011_2", "1011_{2}"),
    ])
    func theSame(left: String, right: String) {
        #expect(MathEquivalence.same(left, right))
        #expect(MathEquivalence.same(right, left))
    }

    @Test(arguments: [
        ("5", "6"), ("0.33", #"\frac13"#), ("12345678901234567", "12345678901234568"), ("1,000", "1"), ("", ""), ("5", ""),
        (#"\begin{pmatrix}1\\2\end{pmatrix}"#, #"\begin{pmatrix}12\end{pmatrix}"#),
        (#"2\sqrt{3}"#, #"3\sqrt{2}"#), ("x^2", "x^3"), ("x", "y"), (#"\sqrt{x^2}"#, "x"), ("2x", "2"), ("x=5", "y=6"), ("x=5", "6"),
        ("(1,2)", "(2,1)"), ("(1,2)", "[1,2]"), ("[0,1)", "(0,1]"), ("(1,2)", "(1,2,3)"), ("1,2", "1,2,2"), ("1,1,2", "1,2,2"), (#"\{1,2\}"#, "(1,2)"),
        (#"(0,1) \cup [2,3]"#, "(0,1)"), (#"\pm 2"#, "2"), (#"\text{even}"#, "odd"), ("A", "B"), ("1011_2", "1011"), ("1011_2", "1101_2"),
        (#"\begin{pmatrix}1\\2\end{pmatrix}"#, #"\begin{pmatrix}1&2\end{pmatrix}"#), (#"\infty"#, "5"), (#"\infty"#, #"-\infty"#),
        ("god is dog", "dog is god"), (#"\frac{1}{0}"#, #"\frac{2}{"#), ("1e-13", "2e-13"), ("3(4", "34"), (#"\frac"#, #"\sqrt"#),
    ])
    func different(left: String, right: String) {
        #expect(!MathEquivalence.same(left, right))
        #expect(!MathEquivalence.same(right, left))
    }

    @Test func hostileAnswersEnd() {
        let deep = String(repeating: "(", count: 20_000) + "1" + String(repeating: ")", count: 20_000)
        #expect(!MathEquivalence.same(deep, "2"))
        #expect(!MathEquivalence.same(String(repeating: "\\frac{", count: 20_000), "1"))
        #expect(!MathEquivalence.same(String(repeating: "-", count: 50_000), "1"))
        #expect(!MathEquivalence.same(String(repeating: "x^", count: 20_000) + "x", "1"))
    }
}
