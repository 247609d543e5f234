import Foundation
import Teachers
import Testing

@Suite struct EndpointSettingsTests {
    @Test func anEndpointIsReadFromOneArgument() throws {
        let plain = try EndpointSettings(parsing: "http://localhost:8000")
        #expect(plain.url == "http://localhost:8000/v1" && plain.model == nil && plain.keyVariable == nil && plain.weight == 1)
        let full = try EndpointSettings(
            parsing: "HTTPS://api.example.com/openai/v1/chat/completions,model=deepseek-ai/DeepSeek-R1,key-env=MY_KEY,weight=2.5,slots=32,timeout=90")
        #expect(full.url == "https://api.example.com/openai/v1" && full.model == "deepseek-ai/DeepSeek-R1" && full.keyVariable == "MY_KEY")
        #expect(full.weight == 2.5 && full.slots == 32 && full.timeout == 90)
        #expect(try EndpointSettings(parsing: "http://[::1]:9/v1/").url == "http://[::1]:9/v1")
    }

    @Test(arguments: [
        ("localhost:8000", "not an address"), ("ftp://x/v1", "not an address"), ("http://", "not an address"), ("", "not an address"),
        ("http://a,modle=x", "modle is none of"), ("http://a,model", "not name=value"), ("http://a,model=", "not name=value"),
        ("http://a,", "not name=value"), ("http://a,model=x,model=y", "given twice"), ("http://a,weight=0", "must be a number"),
        ("http://a,weight=nan", "must be a number"), ("http://a,slots=0", "must be a number"), ("http://a,timeout=-1", "must be a number"),
    ])
    func whatIsWrongIsSaid(text: String, reason: String) {
        let error = #expect(throws: TeacherError.self) { try EndpointSettings(parsing: text) }
        #expect("\(error!)".contains(reason), "\(error!)")
    }

    @Test(arguments: ["http://user:hunter2@a/v1", "http://a/v1?api-key=hunter2", "http://a/v1#hunter2", "http://a,key-env=sk-hunter2"])
    func aKeyOnTheCommandLineIsRefusedAndNotRepeated(text: String) {
        let error = #expect(throws: TeacherError.self) { try EndpointSettings(parsing: text) }
        #expect(!"\(error!)".contains("hunter2") && "\(error!)".contains("key"))
    }

    @Test func theTimeToWaitIsReadAsSecondsOrAsADate() {
        let now = Date(timeIntervalSince1970: 784_111_777 - 30)  // Sun, 06 Nov 1994 08:49:37 GMT is RFC 9110's example
        #expect(RetryAfter.wait("120") == .seconds(120) && RetryAfter.wait("0.5") == .seconds(0.5))
        #expect(RetryAfter.wait("Sun, 06 Nov 1994 08:49:37 GMT", now: now) == .seconds(30))
        #expect(RetryAfter.wait("Sun, 06 Nov 1994 08:49:37 GMT") == .zero)
        for none in [nil, "", "soon", "-3", "inf"] { #expect(RetryAfter.wait(none) == nil) }
    }
}
