import Groundwork

extension StemFamilies {
    static let motion = QuestionFamily(
        "motion", .stem, subject: "high_school_physics", topic: "speed, distance and acceleration", grades: [1, 2, 3]
    ) { random, grade in
        let thing = random.element(of: ["car", "train", "bus", "cyclist", "runner", "boat", "horse"])
        switch grade {
        case 1:
            let v = random.integer(in: 2...12), t = random.integer(in: 2...10)
            return .number(
                "A \(thing) moves at \(v) m/s for \(t) s. How far does it go?", v * t, slips: [v + t, v * (t + 1), v * t * 2], suffix: " m",
                working: "\(v) × \(t) = \(v * t).", random: &random)
        case 2 where random.next(below: 2) == 0:
            let v = random.integer(in: 2...20), t = random.integer(in: 2...20)
            return .number(
                "A \(thing) goes \(v * t) m in \(t) s. What is its speed?", v, slips: [t, v * t - t, v * t * t], suffix: " m/s",
                working: "\(v * t) ÷ \(t) = \(v).", random: &random)
        case 2:
            let u = random.integer(in: 0...10), a = random.integer(in: 1...5), t = random.integer(in: 2...9)
            return .number(
                "A \(thing) moving at \(u) m/s speeds up by \(a) m/s every second for \(t) s. What is its final speed?", u + a * t,
                slips: [a * t, u + a + t, (u + a) * t], suffix: " m/s",
                working: "\(a) × \(t) = \(a * t). \(u) + \(a * t) = \(u + a * t).", random: &random)
        default:
            let a = 2 * random.integer(in: 1...4), t = random.integer(in: 2...10), s = a * t * t / 2
            return .number(
                "A \(thing) starts from rest with an acceleration of \(a) m/s^2. How far does it go in \(t) s?", s,
                slips: [a * t, a * t * t, s / 2], suffix: " m", working: "1/2 × \(a) × \(t)^2 = \(a / 2) × \(t * t) = \(s).",
                random: &random)
        }
    }

    static let forces = QuestionFamily(
        "forces", .stem, subject: "high_school_physics", topic: "force, mass and pressure", grades: [1, 2, 3]
    ) { random, grade in
        let m = random.integer(in: 2...30), a = random.integer(in: 2...9)
        switch grade {
        case 1:
            return .number(
                "What is the weight of \(m) kg on Earth, with g = 10 N/kg?", m * 10, slips: [m, m + 10, m * 100], suffix: " N",
                working: "\(m) × 10 = \(m * 10).", random: &random)
        case 2:
            return .number(
                "Which force gives \(m) kg an acceleration of \(a) m/s^2?", m * a, slips: [m + a, m / a, m * (a + 1)], suffix: " N",
                working: "\(m) × \(a) = \(m * a).", random: &random)
        default:
            let area = random.integer(in: 2...9), pressure = random.integer(in: 3...60)
            return .number(
                "A force of \(area * pressure) N presses on \(area) square metres. What is the pressure?", pressure,
                slips: [area * area * pressure, area * pressure - area, area], suffix: " Pa",
                working: "\(area * pressure) ÷ \(area) = \(pressure).", random: &random)
        }
    }

    static let energy = QuestionFamily(
        "energy", .stem, subject: "high_school_physics", topic: "work, power and energy", grades: [2, 3]
    ) { random, grade in
        let a = random.integer(in: 2...20), b = random.integer(in: 2...12)
        switch (grade, random.next(below: 2)) {
        case (2, 0):
            return .number(
                "A force of \(a) N moves a box \(b) m along its direction. How much work is done?", a * b, slips: [a + b, a * b * 10, a],
                suffix: " J", working: "\(a) × \(b) = \(a * b).", random: &random)
        case (2, _):
            return .number(
                "A machine does \(a * b) J of work in \(b) s. What is its power?", a, slips: [a * b, a * b * b, b], suffix: " W",
                working: "\(a * b) ÷ \(b) = \(a).", random: &random)
        case (_, 0):
            let m = 2 * random.integer(in: 1...10), e = m * b * b / 2
            return .number(
                "What is the kinetic energy of \(m) kg moving at \(b) m/s?", e, slips: [m * b, m * b * b, m * b / 2], suffix: " J",
                working: "1/2 × \(m) × \(b)^2 = \(m / 2) × \(b * b) = \(e).", random: &random)
        default:
            return .number(
                "How much potential energy has \(a) kg at a height of \(b) m, with g = 10 N/kg?", a * b * 10, slips: [a * b, a * 10, a + b],
                suffix: " J", working: "\(a) × 10 × \(b) = \(a * 10 * b).", random: &random)
        }
    }

    static let units = QuestionFamily(
        "unit_conversion", .stem, subject: "high_school_physics", topic: "converting units", grades: [1, 2, 3]
    ) { random, grade in
        let count = random.integer(in: 2...90)
        switch grade {
        case 1:
            let (large, small, factor) = random.element(of: [
                ("kilometres", "metres", 1000), ("metres", "centimetres", 100), ("centimetres", "millimetres", 10),
                ("kilograms", "grams", 1000), ("litres", "millilitres", 1000), ("tonnes", "kilograms", 1000),
                ("kilowatts", "watts", 1000), ("metres", "millimetres", 1000),
            ])
            let answer = count * factor
            return Draft(
                "How many \(small) are \(count) \(large)?", answer: "\(answer)",
                mistakes: [count * 10, count * 100, count * 1000, count * 10000, count + factor].map(String.init),
                working: "\(count) × \(factor) = \(answer).")
        case 2:
            let (large, small, factor) = random.element(of: [
                ("hours", "minutes", 60), ("minutes", "seconds", 60), ("days", "hours", 24), ("weeks", "days", 7),
            ])
            let few = random.integer(in: 2...15), answer = few * factor
            return .number(
                "How many \(small) are \(few) \(large)?", answer, slips: [few * 10, few * 100, answer + factor, few * (factor + 1)],
                working: "\(few) × \(factor) = \(answer).", random: &random)
        default:
            let v = random.integer(in: 1...30), kmh = v * 36
            return .number(
                "A speed of \(decimal(tenths: kmh)) km/h is how many m/s?", v, slips: [v * 10, v + 3, kmh * 36 / 100], suffix: " m/s",
                working: "\(decimal(tenths: kmh)) ÷ 3.6 = \(v).", random: &random)
        }
    }

    static let temperatures = QuestionFamily(
        "temperatures", .stem, subject: "conceptual_physics", topic: "temperature scales", grades: [2, 3]
    ) { random, grade in
        if grade == 2 {
            let celsius = random.integer(in: 2...120), kelvin = celsius + 273
            return random.next(below: 2) == 0
                ? .number(
                    "How many kelvin are \(celsius) degrees Celsius, rounded to whole kelvin?", kelvin,
                    slips: [celsius + 237, celsius + 373, abs(273 - celsius)], working: "\(celsius) + 273 = \(kelvin).", random: &random)
                : .number(
                    "How many degrees Celsius are \(kelvin) kelvin, rounded to whole degrees?", celsius,
                    slips: [kelvin + 273, celsius + 10, celsius + 36], working: "\(kelvin) - 273 = \(celsius).", random: &random)
        }
        let celsius = 5 * random.integer(in: 0...40), fahrenheit = celsius / 5 * 9 + 32
        return .number(
            "How many degrees Fahrenheit are \(celsius) degrees Celsius?", fahrenheit,
            slips: [celsius / 5 * 9, celsius + 32, celsius * 2 + 32], working:
                "\(celsius) ÷ 5 × 9 = \(celsius / 5 * 9). \(celsius / 5 * 9) + 32 = \(fahrenheit).", random: &random)
    }

    static let circuits = QuestionFamily(
        "circuits", .stem, subject: "electrical_engineering", topic: "electric circuits", grades: [1, 2, 3]
    ) { random, grade in
        let r = random.integer(in: 2...30), i = random.integer(in: 2...9), s = random.integer(in: 2...30)
        switch (grade, random.next(below: 2)) {
        case (1, _):
            return .number(
                "Resistors of \(r) and \(s) ohms are in series. What is the total resistance?", r + s, slips: [r * s, abs(r - s), r + s + 1],
                suffix: " ohms", working: "\(r) + \(s) = \(r + s).", random: &random)
        case (2, 0):
            return .number(
                "A current of \(i) A flows through \(r) ohms. What is the voltage?", r * i, slips: [r + i, r / i, r * (i + 1)],
                suffix: " V", working: "\(i) × \(r) = \(r * i).", random: &random)
        case (2, _):
            return .number(
                "\(r * i) V lie across \(r) ohms. What is the current?", i, slips: [r, r * i - r, r * i * r], suffix: " A",
                working: "\(r * i) ÷ \(r) = \(i).", random: &random)
        case (_, 0):
            let (a, b) = random.element(of: [(3, 6), (4, 12), (6, 12), (2, 2), (10, 15), (20, 30), (5, 20), (4, 4), (12, 24), (30, 60)])
            let k = random.integer(in: 1...9), product = a * b * k * k, sum = (a + b) * k
            return .number(
                "Resistors of \(a * k) and \(b * k) ohms are in parallel. What is the total resistance?", product / sum,
                slips: [sum, product, sum / 2, a * k], suffix: " ohms", working: "\(a * k) × \(b * k) = \(product). \(product) ÷ \(sum) = \(product / sum).",
                random: &random)
        default:
            let volts = random.integer(in: 2...24)
            return .number(
                "A lamp takes \(i) A at \(volts) V. What is its power?", i * volts, slips: [i + volts, volts / i, i * i * volts],
                suffix: " W", working: "\(volts) × \(i) = \(i * volts).", random: &random)
        }
    }

    static let quantities = QuestionFamily(
        "si_units", .stem, subject: "conceptual_physics", topic: "units of physical quantities", grades: [2]
    ) { random, _ in
        let fact = random.element(of: ScienceFacts.units.rows), reverse = random.next(below: 2) == 0
        if reverse {
            return Draft(
                "Which quantity is measured in \(fact[2])?", answer: fact[0], mistakes: ScienceFacts.units.rows.map { $0[0] },
                working: "\(sentence(fact[2])) measure \(fact[0]).")
        }
        return Draft(
            "What is the SI unit of \(fact[0])?", answer: fact[1], mistakes: ScienceFacts.units.rows.map { $0[1] },
            working: "The SI unit of \(fact[0]) is the \(fact[1]).")
    }
}
