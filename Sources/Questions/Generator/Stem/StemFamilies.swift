/// Physics, chemistry, biology, earth and space.
enum StemFamilies {
    static let all: [QuestionFamily] = [
        elementSymbols, atomicNumbers, elementGroups, atomCounts, molarMasses, reactions, acids, motion, forces, energy, units,
        temperatures, circuits, quantities, dna, crosses, animalClasses, bodyParts, space, instruments, discoveries,
    ]
}
