import Groundwork
import Testing

@Suite struct ProcessorTests {
    @Test func sayWhatAProcessorLacks() throws {
        let new = "processor\t: 0\nflags\t\t: fpu sse2 fma avx avx2 bmi2\nbogomips\t: 1\n"
        #expect(Processor.objection(to: new) == nil)
        let old = try #require(Processor.objection(to: "flags\t\t: fpu sse2 avx\n"))
        #expect(old.contains("no avx2 and no fma") && old.contains("Package.swift"))
        // Other architectures list no flags of that name.
        #expect(Processor.objection(to: "Features\t: fp asimd\n") == nil)
    }

    @Test func knowWhoMadeThem() {
        #expect(Processor.isIntel(in: "processor\t: 0\nvendor_id\t: GenuineIntel\n"))
        #expect(!Processor.isIntel(in: "processor\t: 0\nvendor_id\t: AuthenticAMD\n"))
        #expect(!Processor.isIntel(in: "processor\t: 0\nCPU implementer\t: 0x41\n"))
    }
}
