/// How a student is trained: everything but the examples and the model.
public struct TrainingConfiguration: Codable, Sendable, Hashable {
    /// Passes over the examples; a fraction stops within one.
    public var epochs: Double
    /// Examples in one pass through the model.
    public var batch: Int
    /// Passes for one step of the optimiser.
    public var accumulation: Int
    public var learningRate: Double
    public var schedule: Schedule.Shape
    /// The share of all steps in which the learning rate rises.
    public var warmup: Double
    public var optimizer: AdamW.Settings
    /// Gradients are scaled down to this norm; 0 leaves them as they are.
    public var maximumGradientNorm: Double
    public var loss: DistillationLoss
    public var seed: UInt64
    /// Whether every epoch has its own random order of the questions; else they are taken as they stand.
    public var shuffle: Bool
    /// Steps between checkpoints.
    public var checkpointEvery: Int
    /// Stops earlier than the epochs would; the schedule is laid over the steps that are made.
    public var maximumSteps: Int?

    public init(
        epochs: Double = 1, batch: Int = 8, accumulation: Int = 1, learningRate: Double = 1e-3,
        schedule: Schedule.Shape = .cosine, warmup: Double = 0.05, optimizer: AdamW.Settings = AdamW.Settings(),
        maximumGradientNorm: Double = 1, loss: DistillationLoss = DistillationLoss(), seed: UInt64 = 0, shuffle: Bool = true,
        checkpointEvery: Int = 25, maximumSteps: Int? = nil
    ) {
        self.epochs = epochs
        self.batch = batch
        self.accumulation = accumulation
        self.learningRate = learningRate
        self.schedule = schedule
        self.warmup = warmup
        self.optimizer = optimizer
        self.maximumGradientNorm = maximumGradientNorm
        self.loss = loss
        self.seed = seed
        self.shuffle = shuffle
        self.checkpointEvery = checkpointEvery
        self.maximumSteps = maximumSteps
    }

    /// Examples in one step of the optimiser.
    public var examplesPerStep: Int { batch * accumulation }

    public func stepsPerEpoch(examples: Int) -> Int { (examples + examplesPerStep - 1) / examplesPerStep }

    public func totalSteps(examples: Int) -> Int {
        let whole = (epochs * Double(stepsPerEpoch(examples: examples))).rounded(.up)
        return min(max(1, Int(whole)), maximumSteps ?? .max)
    }

    public func schedule(examples: Int) -> Schedule {
        let total = totalSteps(examples: examples)
        return Schedule(
            shape: schedule, peak: learningRate, warmupSteps: Int((warmup * Double(total)).rounded(.up)), totalSteps: total)
    }

    public func validate() throws {
        func check(_ name: String, _ value: some Any, _ expected: String, _ holds: Bool) throws {
            guard holds else { throw DistillationError.badSetting(name: name, value: "\(value)", expected: expected) }
        }
        let most = 1 << 20
        try check("epochs", epochs, "greater than 0 and at most \(most)", epochs > 0 && epochs <= Double(most))
        try check("batch", batch, "1 to \(most)", (1...most).contains(batch))
        try check("accumulation", accumulation, "1 to \(most)", (1...most).contains(accumulation))
        try check("the learning rate", learningRate, "greater than 0 and less than 1e6", learningRate > 0 && learningRate < 1e6)
        try check("warmup", warmup, "a share of the steps, 0 to 1", (0...1).contains(warmup))
        try check("beta1", optimizer.beta1, "0 to 1, without 1", (0..<1).contains(optimizer.beta1))
        try check("beta2", optimizer.beta2, "0 to 1, without 1", (0..<1).contains(optimizer.beta2))
        try check("epsilon", optimizer.epsilon, "greater than 0", optimizer.epsilon > 0)
        try check("weight decay", optimizer.weightDecay, "0 or more", optimizer.weightDecay >= 0)
        try check(
            "the largest gradient norm", maximumGradientNorm, "0 (off) or more",
            maximumGradientNorm >= 0 && maximumGradientNorm.isFinite)
        try check("the steps between checkpoints", checkpointEvery, "at least 1", checkpointEvery >= 1)
        try check("the number of steps", maximumSteps ?? 1, "at least 1", (maximumSteps ?? 1) >= 1)
        try loss.validate()
    }

    /// What must be the same for a run to be continued: name and value.
    var identity: [String: String] {
        [
            "epochs": "\(epochs)", "batch": "\(batch)", "accumulation": "\(accumulation)",
            "learning rate": "\(learningRate)", "schedule": schedule.rawValue, "warm-up": "\(warmup)",
            "beta1": "\(optimizer.beta1)", "beta2": "\(optimizer.beta2)", "epsilon": "\(optimizer.epsilon)",
            "weight decay": "\(optimizer.weightDecay)", "largest gradient norm": "\(maximumGradientNorm)",
            "alpha of the loss": "\(loss.alpha)", "temperature of the loss": "\(loss.temperature)",
            "T² scaling": "\(loss.scalesBySquare)", "reasoning weight": "\(loss.reasoningWeight)", "seed": "\(seed)", "shuffled": "\(shuffle)",
            "steps": maximumSteps.map { "\($0)" } ?? "all",
        ]
    }
}
