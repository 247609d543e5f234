import Groundwork
import Testing

@Suite struct ByteCountTests {
    @Test func amountsAreReadAsPeopleWriteThem() {
        #expect(ByteCount.parse("8G") == 8_000_000_000 && ByteCount.parse("512M") == 512_000_000 && ByteCount.parse("1.5 TB") == 1_500_000_000_000)
        #expect(ByteCount.parse("80GiB") == 80 << 30 && ByteCount.parse("2ki") == 2048 && ByteCount.parse("123") == 123)
        for wrong in ["", "G", "0", "-1G", "8X", "8GG", "1e3", "8 iB", "99999999T", "١G"] { #expect(ByteCount.parse(wrong) == nil, "\(wrong)") }
    }

    @Test func amountsAreWrittenWithThreeDigits() {
        #expect(ByteCount.text(73_100_000_000) == "73.1 GB" && ByteCount.text(538_060_032) == "538 MB" && ByteCount.text(1_300) == "1.30 kB")
        #expect(ByteCount.text(999_999_999) == "1.00 GB" && ByteCount.text(12) == "12 B")
    }
}
