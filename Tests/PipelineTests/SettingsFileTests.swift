import Agents
import Pipeline
import Testing

@Suite struct SettingsFileTests {
    private func read(_ text: String, _ agent: SettingsFile.Agent = .answer) throws -> (settings: AgentSettings, warnings: [String]) {
        try SettingsFile.read(text, file: "agen.yaml", for: agent)
    }

    @Test func theContestsFileIsRead() throws {
        let (settings, warnings) = try read("""
            # the contest's
            max_new_tokens: 1024
            temperature: 0.7
            top_p: 0.9
            repetition_penalty: 1.2
            do_sample: true
            """, .question)
        #expect(settings.maxNewTokens == 1024 && settings.temperature == 0.7 && settings.topP == 0.9)
        #expect(settings.repetitionPenalty == 1.2 && settings.doSample)
        #expect(warnings.isEmpty)
    }

    @Test func otherKeysAreNamedAndLeftAlone() throws {
        let (settings, warnings) = try read("temperature: 0.3\nbatch: {size: 4}\ntemprature: 9\n")
        #expect(settings.temperature == 0.3)
        #expect(warnings.count == 2 && warnings[0].contains("agen.yaml: 'batch' is no setting of the answer agent"))
        #expect(warnings[1].contains("'temprature'"))
    }

    @Test(arguments: [
        ("max_new_tokens: 513", "max_new_tokens is 513; allowed is a whole number up to 512, the tournament's limit for the answer agent"),
        ("max_new_tokens: 0", "max_new_tokens is 0; allowed is a whole number above 0"),
        ("max_new_tokens: many", "max_new_tokens is many; allowed is a whole number"),
        ("temperature: -1", "temperature is -1.0; allowed is a number from 0 up"),
        ("temperature: [1, 2]", "temperature is [1, 2]; allowed is"),
        ("top_p: 1.5", "top_p is 1.5; allowed is a number above 0, up to 1"),
        ("do_sample: perhaps", "do_sample is perhaps; allowed is true or false"),
        ("", "it is empty"),
        ("- a\n- b", "it is not a mapping"),
        ("temperature: [", "agen.yaml: "),
        ("a: *nowhere", "agen.yaml: "),
    ])
    func whatMeansNothingIsRefusedWithFileAndKey(text: String, message: String) {
        #expect { try read(text) } throws: { error in
            "\(error)".hasPrefix("agen.yaml: ") && "\(error)".contains(message) && !"\(error)".contains("\n")
        }
    }

    @Test func theQuestionAgentMayWriteMore() throws {
        #expect(try read("max_new_tokens: 1024", .question).settings.maxNewTokens == 1024)
        #expect(throws: SettingsFile.Invalid.self) { try read("max_new_tokens: 1025", .question) }
    }

    @Test func aRequestsValuesLieOverTheFiles() throws {
        var base = AgentSettings.answers
        base.doSample = false
        let (settings, unknown) = try SettingsFile.laying(["temperature": .number(0.9), "colour": .text("red")], over: base, for: .answer)
        #expect(settings.temperature == 0.9 && settings.doSample && settings.maxNewTokens == base.maxNewTokens && settings.topP == base.topP)
        #expect(unknown == ["colour"])
        #expect(throws: AgentError.self) { try SettingsFile.laying(["max_new_tokens": .whole(600)], over: base, for: .answer) }
        #expect(throws: DecodingError.self) { try SettingsFile.laying(["top_k": .text("few")], over: base, for: .answer) }
    }

    @Test(arguments: SettingsFile.Agent.allCases)
    func whatIsWrittenIsReadBack(agent: SettingsFile.Agent) throws {
        let text = try SettingsFile.text(agent.standard, comment: ["all of them", ""])
        let (settings, warnings) = try SettingsFile.read(text, file: "f", for: agent)
        #expect(settings == agent.standard && warnings.isEmpty)
        #expect(text.contains("temperature: 0."), "\(text)")
    }

    @Test func whereNothingIsSampledTheFileSpeaksOfNoSampling() throws {
        var settings = AgentSettings(maxNewTokens: 60, temperature: 1, topK: 40, doSample: false)
        (settings.mode, settings.candidates) = (.letter, 4)
        let text = try SettingsFile.text(settings, comment: [])
        #expect(!text.contains("temperature") && !text.contains("top_"))
        let read = try read(text).settings
        #expect(!read.doSample && read.mode == .letter && read.candidates == 4 && read.maxNewTokens == 60)
    }
}
