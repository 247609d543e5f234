import Checkpoints
import Distillation
import Testing

@Test func theScaleIsSaidBesideTheOther() {
    var configuration = AdapterConfiguration(rank: 128, alpha: 256, useRSLoRA: true)
    #expect(configuration.scaleNotice == "rank 128, alpha 256: rank-stabilised scale α/√r = 22.63 (plain α/r would be 2)")
    configuration.useRSLoRA = false
    #expect(configuration.scaleNotice == "rank 128, alpha 256: plain scale α/r = 2 (rank-stabilised α/√r would be 22.63)")
}
