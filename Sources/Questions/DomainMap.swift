/// Which domain a subject belongs to.
public struct DomainMap: Sendable {
    private let domains: [String: Domain]

    public init(_ domains: [String: Domain]) {
        self.domains = Dictionary(domains.map { (Self.key($0), $1) }, uniquingKeysWith: { $1 })
    }

    /// `other` for a subject that nobody has sorted. Case, spaces, hyphens and underscores do not count.
    public subscript(subject: String) -> Domain { domains[Self.key(subject)] ?? .other }

    public func contains(_ subject: String) -> Bool { domains[Self.key(subject)] != nil }

    /// This map with `changes` on top.
    public func changed(by changes: [String: Domain]) -> DomainMap {
        DomainMap(domains.merging(changes.map { (Self.key($0), $1) }) { $1 })
    }

    private static func key(_ subject: String) -> String {
        subject.lowercased().split { $0 == "_" || $0 == "-" || $0.isWhitespace }.joined(separator: "_")
    }

    /// The 57 subjects of MMLU (Hendrycks et al. 2021), the names of some other collections, and the generator's subjects and
    /// topics.
    public static let standard: DomainMap = {
        var domains: [String: Domain] = [:]
        for family in QuestionGenerator.families {
            domains[family.subject] = family.domain
            domains[family.topic] = family.domain
        }
        for (domain, names) in subjects {
            for name in names.split(whereSeparator: \.isWhitespace) { domains[String(name)] = domain }
        }
        return DomainMap(domains)
    }()

    private static let subjects: [(Domain, String)] = [
        (.math, """
            abstract_algebra college_mathematics college_physics elementary_mathematics formal_logic
            high_school_mathematics high_school_statistics logic math_word_problems mathematics
            """),
        (.code, """
            algorithms code_comprehension college_computer_science computer_science computer_security data_structures
            design_patterns high_school_computer_science javascript machine_learning programming python
            software_architecture software_engineering
            """),
        (.stem, """
            anatomy animals astronomy biology chemistry clinical_knowledge college_biology college_chemistry
            college_medicine conceptual_physics earth_science electrical_engineering
            elementary_science_common_knowledge engineering grade_school_science high_school_biology
            high_school_chemistry high_school_physics human_aging medical_genetics nutrition physics
            professional_medicine science_technology virology
            """),
        (.humanities, """
            art_and_music geography global_facts high_school_european_history high_school_geography
            high_school_government_and_politics high_school_psychology high_school_us_history
            high_school_world_history history human_sexuality humanities international_law jurisprudence language
            literature logical_fallacies moral_disputes moral_scenarios philosophy prehistory professional_psychology
            religion security_studies social_science social_sciences sociology us_foreign_policy world world_religions
            """),
        (.other, """
            business_ethics econometrics high_school_macroeconomics high_school_microeconomics management marketing
            miscellaneous professional_accounting professional_law public_relations
            """),
    ]
}
