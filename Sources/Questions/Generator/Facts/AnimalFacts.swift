/// Animals and what they are.
package enum AnimalFacts {
    /// Animal | class
    package static let classes = FactTable(columns: 2, lines(of: [
        ("mammal", """
            dog, cat, horse, cow, pig, sheep, goat, lion, tiger, bear, wolf, fox, deer, elephant, giraffe, \
            zebra, monkey, gorilla, whale, dolphin, seal, bat, mouse, rat, rabbit, squirrel, kangaroo, \
            koala, camel, hippopotamus, rhinoceros, hedgehog, otter, beaver, moose, leopard
            """),
        ("bird", """
            eagle, sparrow, owl, penguin, ostrich, parrot, duck, goose, swan, chicken, turkey, pigeon, crow, \
            robin, hawk, falcon, flamingo, pelican, seagull, peacock, woodpecker, hummingbird, stork, heron, \
            raven
            """),
        ("fish", """
            salmon, trout, tuna, shark, cod, herring, carp, goldfish, eel, pike, sardine, piranha, seahorse, \
            haddock, mackerel, halibut
            """),
        ("reptile", """
            snake, lizard, crocodile, alligator, turtle, tortoise, gecko, iguana, chameleon, python, cobra, \
            rattlesnake, viper
            """),
        ("amphibian", """
            frog, toad, salamander, newt
            """),
        ("insect", """
            ant, bee, wasp, butterfly, moth, beetle, fly, mosquito, grasshopper, cricket, dragonfly, \
            ladybird, cockroach, termite, flea
            """),
        ("arachnid", """
            spider, scorpion, tick, tarantula
            """),
        ("crustacean", """
            crab, lobster, shrimp, prawn, crayfish
            """),
        ("mollusc", """
            snail, slug, octopus, squid, oyster, clam, mussel
            """),
    ]))

    private static func lines(of kinds: [(kind: String, animals: String)]) -> String {
        kinds.flatMap { kind, animals in animals.split(separator: ", ").map { "\($0) | \(kind)" } }.joined(separator: "\n")
    }
}
