/// Names and sentences that fill templates; nothing here is a fact.
package enum NameTable {
    package static let people = [
        "Anna", "Ben", "Carla", "David", "Emma", "Frank", "Grace", "Henry", "Ida", "Jack", "Kate", "Leo", "Maria", "Noah", "Olga",
        "Paul", "Rosa", "Sam", "Tina", "Victor",
    ]

    /// A condition and its negation.
    package static let causes = [
        ("it rains", "it does not rain"), ("the alarm rings", "the alarm does not ring"), ("Anna sings", "Anna does not sing"),
        ("the sun shines", "the sun does not shine"), ("Ben cooks", "Ben does not cook"), ("it snows", "it does not snow"),
        ("the lamp is on", "the lamp is not on"), ("the bus is late", "the bus is not late"),
        ("the wind blows", "the wind does not blow"), ("the dog barks", "the dog does not bark"),
        ("Emma is at home", "Emma is not at home"), ("the number is even", "the number is not even"),
    ]

    /// A consequence and its negation.
    package static let effects = [
        ("the street is wet", "the street is not wet"), ("the shop is closed", "the shop is not closed"),
        ("Leo is happy", "Leo is not happy"), ("the door is open", "the door is not open"),
        ("the train waits", "the train does not wait"), ("the baby wakes", "the baby does not wake"),
        ("Rosa reads", "Rosa does not read"), ("the school is closed", "the school is not closed"),
        ("the game is over", "the game is not over"), ("Paul stays", "Paul does not stay"),
        ("the window is shut", "the window is not shut"), ("Grace calls", "Grace does not call"),
    ]

    /// Short, common words for texts in programs.
    package static let words = [
        "apple", "bread", "chair", "cloud", "dream", "earth", "flame", "grape", "house", "island", "jungle", "kite", "lemon",
        "moon", "night", "ocean", "paper", "queen", "river", "stone", "table", "uncle", "violin", "water", "yellow", "zebra",
        "bird", "cake", "door", "fish", "gold", "hand", "iron", "king", "lake", "milk", "nest", "oak", "pear", "ring", "salt",
        "tree", "wolf", "sun", "sky", "cat", "dog", "red", "blue", "green", "box", "cup", "key", "map", "pen", "hat", "ship",
    ]

    package static let variables = ["a", "b", "c", "x", "y", "z", "n", "m", "k", "t"]
}
