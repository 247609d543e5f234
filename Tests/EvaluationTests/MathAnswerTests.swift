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

    // Large numbers were checked with Python's integers.
    @Test(arguments: [
        ("2^{2010}", "4^{1005}"), ("2^{2010}", #"2 \cdot 2^{2009}"#), (#"\sqrt{2^{4020}}"#, "2^{2010}"), (#"2^{2010} \cdot 2^{-2010}"#, "1"),
        (#"\frac{1000!}{999!}"#, "1000"), (#"\frac{2^{600}-1}{2^{300}-1}"#, "2^{300}+1"), (#"\log_2 2^{2010}"#, "2010"), ("0.1+0.2", "0.3"),
        (#"\lfloor \frac{10^{50}}{7} \rfloor"#, "14285714285714285714285714285714285714285714285714"), (#"\lfloor \log_{10} 1000 \rfloor"#, "3"),
        (#"10^{12}+\frac13"#, #"\frac{3000000000001}{3}"#), (#"0.\overline{9}"#, "1"), (#"\sqrt{10^{-400}}"#, "10^{-200}"), (#"\log_4 8"#, #"\frac32"#),
        (#"\sqrt2 \cdot \sqrt2 - 2"#, "0"), (#"\sqrt{50}-5\sqrt2"#, "0"), (#"\sqrt{7+4\sqrt3}"#, #"2+\sqrt3"#), (#"\frac{\sqrt8}{\sqrt2}"#, "2"),
        ("(-8)^{1/3}", "-2"), ("(-8)^{2/3}", "4"), ("(-32)^{0.2}", "-2"), (#"\sqrt[3]{2+\sqrt5}+\sqrt[3]{2-\sqrt5}"#, "1"), ("x^{2/3}", #"\sqrt[3]{x^2}"#),
        (#"\binom n2"#, #"\frac{n(n-1)}2"#), (#"\binom{n}{n-2}"#, #"\binom{n}{2}"#), (#"\frac{n!}{(n-1)!}"#, "n"), ("(-1)^n", "(-1)^{n+2}"),
        ("1,000", "10^3"), (#"1\,000"#, "1000"), (#"10,\!080"#, "10080"), ("9^{9^{9^9}}", "9^{9^{9^9}}"),
    ])
    func sameNumbers(left: String, right: String) {
        #expect(MathEquivalence.same(left, right))
        #expect(MathEquivalence.same(right, left))
    }

    @Test(arguments: [
        // Infinity is only what is written so
        ("2^{2010}", "3^{2010}"), ("2^{2010}", #"\infty"#), ("2^{2010}-1", "2^{2010}"), ("1000!", "999!"), (#"\frac10"#, #"\infty"#), ("e^{1000}", "e^{1001}"),
        ("e^{-1000}", "0"), (#"\sqrt2 \cdot 10^{-400}"#, "0"), (#"\tan\frac{\pi}{2}"#, #"\infty"#), (#"\infty-\infty"#, "0"), ("9^{9^{9^9}}", "9^{9^{9^8}}"),
        // Neighbours
        ("2^{31}-1", "2^{31}"), ("10^{15}+1", "10^{15}"), ("10^{100}+1", "10^{100}"), (#"\frac{1}{2^{60}}"#, "0"), (#"\frac1{2^{50}}"#, #"\frac1{2^{51}}"#),
        ("0.6666666667", #"\frac23"#), (#"\frac{22}{7}"#, "3.142857142857"), ("x+10^{-20}", "x"), ("0.9999999999", "1"), ("10^{-400}", "0"),
        (#"\sqrt{10^{20}+1}"#, "10^{10}"), (#"\sqrt2"#, "1.4142135623730951"), (#"\pi"#, "3.141592653589793"), (#"2\sqrt2+1"#, "3.8284271247461903"),
        // Undefined is not equal to undefined
        ("0^0", "1"), (#"\sqrt{-1}"#, #"\sqrt{-2}"#), ("(-4)^{1/2}", "2"), ("(-4)^{1/2}", "-2"), (#"\sqrt{x}^2"#, "x"), ("(-1)^n", "1"), (#"\ln x^2"#, #"2\ln x"#),
    ])
    func differentNumbers(left: String, right: String) {
        #expect(!MathEquivalence.same(left, right))
        #expect(!MathEquivalence.same(right, left))
    }

    @Test(arguments: [
        (#"\sin 2x"#, #"\sin(2x)"#), (#"\sin 2x"#, #"2\sin x\cos x"#), (#"\cos 2x"#, #"\cos(2x)"#), (#"\cos 2\theta"#, #"1-2\sin^2\theta"#),
        (#"\sin^{-1}x"#, #"\arcsin x"#), (#"\tan^{-1}1"#, #"\frac{\pi}{4}"#), (#"\sin x \cos x"#, #"\cos x \sin x"#), (#"\sin x + 1"#, #"1+\sin x"#),
        (#"\sin x / \cos x"#, #"\tan x"#), (#"x\sin{\left(x\right)}"#, #"\sin(x)x"#), (#"\log_2 3 \cdot \log_3 2"#, "1"), (#"\sec^2 x"#, #"1+\tan^2 x"#),
        (#"\sin 30^\circ"#, #"\frac12"#), (#"2\cos 36^\circ"#, #"\frac{1+\sqrt5}{2}"#), (#"\frac{90^\circ}{2}"#, "45"), ("2|x|", "|2x|"), (#"|x||y|"#, "|xy|"),
        ("xy", "yx"), ("xyz+1", "1+zyx"), ("ab^2c", "b^2ac"), ("2^{3}5^{2}", "200"), ("a/b/c", #"\frac{a}{bc}"#), (#"\frac12\pi"#, #"\frac{\pi}{2}"#),
        (#"|\sin x|"#, #"\sqrt{\sin^2 x}"#), (#"-1\frac12"#, "-1.5"),
    ])
    func sameExpressions(left: String, right: String) {
        #expect(MathEquivalence.same(left, right))
        #expect(MathEquivalence.same(right, left))
    }

    @Test(arguments: [
        ("-x", "x"), ("(-x)", "x"), ("-A", "A"), ("i", "-i"), ("x'", "x"), ("-abcd", "abcd"), ("a-bcd", "abcd"), ("A'", "A"),
        (#"\cos 2x"#, #"x\cos(2)"#), (#"\sin^{-1}x"#, #"\frac1{\sin x}"#), (#"\sin(2)x"#, #"\sin 2x"#), (#"\sin^2 x"#, #"\sin(x^2)"#), (#"\sin 30"#, #"\sin 30^\circ"#),
        // What is read in two ways is not read
        (#"\sin x/2"#, #"\sin(x/2)"#), (#"\sin{x}y"#, #"y\sin x"#), (#"\ln(2)^2"#, #"\ln 4"#), (#"\sin^{-2}x"#, #"\frac{1}{\sin^2 x}"#), ("1/2x", #"\frac{1}{2x}"#),
        ("1/2x", #"\frac x2"#), ("2^3^2", "64"), ("5!!", "120!"), ("x^12", "2x"), ("2^1.5", "1"), (#"\sqrt12"#, "2"), (#"\frac123"#, #"\frac32"#), ("x2", "2x"),
        ("{1}2", "2"), ("2{3}", "6"), (#"2\frac32"#, "3"), (#"\log_28"#, "3"), (#"\frac{dy}{dx}"#, #"\frac yx"#), ("[2.7]", "2.7"), (#"\pm1\pm2"#, "3, -3"),
        // Functions and words are no factors
        ("f(2x)", "2f(x)"), (#"\phi(2n)"#, #"2\phi(n)"#), ("f^{-1}(2x)", "2f^{-1}(x)"), ("2xsin(x)", "xsin(2x)"), ("sin x", "xsin"), ("AB", "BA"), ("2CAT", "2ACT"),
        ("3 apples", "3 elppas"), (#"3\pmod{5}"#, #"3\pmod{-5}"#),
    ])
    func differentExpressions(left: String, right: String) {
        #expect(!MathEquivalence.same(left, right))
        #expect(!MathEquivalence.same(right, left))
    }

    @Test(arguments: [
        ("Yes", "yes"), (#"\text{Yes}"#, "yes"), (#"\text{May}"#, "may"), ("No", "no"), ("(B)", #"\text{B}"#), (#"\text{non-real}"#, #"\text{nonreal}"#),
        (#"\text{5}"#, "5"), (#"\text{5 cm}"#, "5"), (#"\emptyset"#, #"\varnothing"#), (#"\{\}"#, #"\emptyset"#), (#"2\pi\text{ cm}"#, #"2\pi"#),
        ("100, 200", "200, 100"), ("12, 144", "144, 12"), ("100,200,300", "300,200,100"), ("100,200,300", "100200300"), ("100,200", "200, 100"),
        ("-100,200", "200,-100"), (#"3\text{ and }400"#, "400, 3"), (#"2, \text{ and } 3"#, "3,2"), ("x=1, y=2", "1, 2"), ("x=1, y=2", "y=2, x=1"),
        (#"\{1\pm\sqrt5,-2\}"#, #"-2, 1+\sqrt5, 1-\sqrt5"#), (#"x \in \{1,2\}"#, "2,1"),
    ])
    func sameWordsAndLists(left: String, right: String) {
        #expect(MathEquivalence.same(left, right))
        #expect(MathEquivalence.same(right, left))
    }

    @Test(arguments: [
        ("CAT", "ACT"), ("cat", "act"), ("no", "on"), ("abc", "ABC"), (#"\text{A}"#, "a"), (#"\text{AB}"#, #"\text{BA}"#), (#"-\text{A}"#, #"-\text{B}"#),
        (#"3\cdot\text{A}"#, #"3\cdot\text{B}"#), (#"5 \text{ million}"#, "5"), (#"4\text{ a.m.}"#, #"4\text{ p.m.}"#), (#"2\text{ or more}"#, "2"),
        ("1 2", "12"), (#"1\quad2"#, "12"), ("1 1/2", "11/2"), (#"5^\circ 30"#, "530"), ("1, 234, 567", "1234567"), ("100, 200", "100200"),
        ("1,0000", "1,000"), ("000,001", "1"), ("(1,234)", "1234"), (#"3\text{ and }400"#, "3400"), ("x=1, y=2", "2, 1"), (#"-x \in [0,1]"#, "[0,1]"),
        (#"x = \pi k, k \in \mathbb{Z}"#, #"x = 2\pi k, k \in \mathbb{Z}"#),
    ])
    func differentWordsAndLists(left: String, right: String) {
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
