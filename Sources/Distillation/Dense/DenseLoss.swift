import Foundation

/// How far a student's distribution of the next token is from a teacher's, of which only the likeliest tokens are known; in Double.
///
/// With p the teacher's k stored probabilities and q the student's of k tokens, the rest of either distribution counts as one more
/// outcome, p_r = 1 − Σp and q_r = 1 − Σq:
///
///     divergence (ids known)   D = Σ_i p_i · log(p_i / q_i) + p_r · log(p_r / q_r)
///         dD/dz_i = q_i − p_i                          for a stored token i
///         dD/dz_j = q_j · (1 − p_r / q_r)              for any other j
///
///     ranked (ids not comparable)   D = Σ_i |q_(i) − p_(i)| + |q_r − p_r|     both sorted, likeliest first
///         dD/dz_j = q_j · (s_j − G),  s the sign of each difference (the rest's for tokens of the rest),  G = Σ_j q_j · s_j
///
/// The second is the universal logit distillation loss (Boizard et al. 2024), whose sum over sorted vocabularies is closed with the rest
/// as one outcome, because a teacher behind a server gives no more than its likeliest tokens. Both are 0 for equal distributions.
struct DenseLoss {
    let value: Double
    /// dD/dz_j = `restFactor` · q_j for every token that is not among the k.
    let restFactor: Double
    /// What is to be added to `restFactor` · q_i for each of the k tokens.
    let corrections: [Double]

    /// - Parameters:
    ///   - student: log-probabilities over the whole vocabulary of the k tokens: the teacher's own ids, or the student's likeliest in order.
    ///   - teacher: parallel to them.
    init(student: [Double], teacher: [Double], isRanked: Bool) {
        precondition(student.count == teacher.count, "student and teacher are compared token by token")
        let p = teacher.map { exp($0) }, q = student.map { exp($0) }
        // What rounding leaves of nothing must not be divided by.
        let smallest = 1e-9
        let pRest = max(0, 1 - p.reduce(0, +)), qRest = max(smallest, 1 - q.reduce(0, +))
        if isRanked {
            func sign(_ x: Double) -> Double { x > 0 ? 1 : x < 0 ? -1 : 0 }
            let signs = zip(q, p).map { sign($0 - $1) }, restSign = sign(qRest - pRest)
            let mean = zip(q, signs).reduce(qRest * restSign) { $0 + $1.0 * $1.1 }
            value = zip(q, p).reduce(abs(qRest - pRest)) { $0 + abs($1.0 - $1.1) }
            restFactor = restSign - mean
            corrections = zip(q, signs).map { $0 * ($1 - restSign) }
        } else {
            let hasRest = pRest > smallest
            let ratio = hasRest ? pRest / qRest : 0
            value = zip(p, zip(teacher, student)).reduce(hasRest ? pRest * log(ratio) : 0) { $0 + ($1.0 > 0 ? $1.0 * ($1.1.0 - $1.1.1) : 0) }
            restFactor = 1 - ratio
            corrections = zip(p, q).map { ratio * $1 - $0 }
        }
    }
}
