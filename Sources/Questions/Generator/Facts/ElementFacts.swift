/// The chemical elements, and small molecules and reactions made of them.
package enum ElementFacts {
    /// Name | symbol, in the order of their atomic numbers from 1 on.
    package static let elements = FactTable(columns: 2, """
        hydrogen | H
        helium | He
        lithium | Li
        beryllium | Be
        boron | B
        carbon | C
        nitrogen | N
        oxygen | O
        fluorine | F
        neon | Ne
        sodium | Na
        magnesium | Mg
        aluminium | Al
        silicon | Si
        phosphorus | P
        sulfur | S
        chlorine | Cl
        argon | Ar
        potassium | K
        calcium | Ca
        scandium | Sc
        titanium | Ti
        vanadium | V
        chromium | Cr
        manganese | Mn
        iron | Fe
        cobalt | Co
        nickel | Ni
        copper | Cu
        zinc | Zn
        gallium | Ga
        germanium | Ge
        arsenic | As
        selenium | Se
        bromine | Br
        krypton | Kr
        rubidium | Rb
        strontium | Sr
        yttrium | Y
        zirconium | Zr
        niobium | Nb
        molybdenum | Mo
        technetium | Tc
        ruthenium | Ru
        rhodium | Rh
        palladium | Pd
        silver | Ag
        cadmium | Cd
        indium | In
        tin | Sn
        antimony | Sb
        tellurium | Te
        iodine | I
        xenon | Xe
        caesium | Cs
        barium | Ba
        lanthanum | La
        cerium | Ce
        praseodymium | Pr
        neodymium | Nd
        promethium | Pm
        samarium | Sm
        europium | Eu
        gadolinium | Gd
        terbium | Tb
        dysprosium | Dy
        holmium | Ho
        erbium | Er
        thulium | Tm
        ytterbium | Yb
        lutetium | Lu
        hafnium | Hf
        tantalum | Ta
        tungsten | W
        rhenium | Re
        osmium | Os
        iridium | Ir
        platinum | Pt
        gold | Au
        mercury | Hg
        thallium | Tl
        lead | Pb
        bismuth | Bi
        polonium | Po
        astatine | At
        radon | Rn
        francium | Fr
        radium | Ra
        actinium | Ac
        thorium | Th
        protactinium | Pa
        uranium | U
        neptunium | Np
        plutonium | Pu
        americium | Am
        curium | Cm
        berkelium | Bk
        californium | Cf
        einsteinium | Es
        fermium | Fm
        mendelevium | Md
        nobelium | No
        lawrencium | Lr
        rutherfordium | Rf
        dubnium | Db
        seaborgium | Sg
        bohrium | Bh
        hassium | Hs
        meitnerium | Mt
        darmstadtium | Ds
        roentgenium | Rg
        copernicium | Cn
        nihonium | Nh
        flerovium | Fl
        moscovium | Mc
        livermorium | Lv
        tennessine | Ts
        oganesson | Og
        """)

    /// All but lanthanides, most actinides and what was made later.
    package static func isWellKnown(_ number: Int) -> Bool {
        (1...56).contains(number) || (72...88).contains(number) || [92, 94].contains(number)
    }

    /// Name | group. Elements whose group is disputed are left out.
    package static let groups = FactTable(columns: 2, """
        helium | noble gas
        neon | noble gas
        argon | noble gas
        krypton | noble gas
        xenon | noble gas
        radon | noble gas
        fluorine | halogen
        chlorine | halogen
        bromine | halogen
        iodine | halogen
        lithium | alkali metal
        sodium | alkali metal
        potassium | alkali metal
        rubidium | alkali metal
        caesium | alkali metal
        beryllium | alkaline earth metal
        magnesium | alkaline earth metal
        calcium | alkaline earth metal
        strontium | alkaline earth metal
        barium | alkaline earth metal
        iron | transition metal
        copper | transition metal
        nickel | transition metal
        cobalt | transition metal
        chromium | transition metal
        titanium | transition metal
        silver | transition metal
        gold | transition metal
        platinum | transition metal
        tungsten | transition metal
        aluminium | other metal
        tin | other metal
        lead | other metal
        carbon | nonmetal
        nitrogen | nonmetal
        oxygen | nonmetal
        phosphorus | nonmetal
        sulfur | nonmetal
        hydrogen | nonmetal
        """)

    package static func name(of symbol: String) -> String { elements.rows.first { $0[1] == symbol }?[0] ?? symbol }

    /// Relative atomic masses as school tables round them.
    package static let roundedMass = [
        "H": 1, "C": 12, "N": 14, "O": 16, "F": 19, "S": 32, "P": 31, "Br": 80, "I": 127, "Si": 28,
    ]

    package struct Substance: Sendable {
        package let name: String
        /// In the order of the formula; every element once.
        package let atoms: [(symbol: String, count: Int)]
        package var formula: String { atoms.map { $0.count == 1 ? $0.symbol : "\($0.symbol)\($0.count)" }.joined() }
    }

    /// Molecules only, written so that every element stands once in the formula.
    package static let substances: [Substance] = [
        Substance(name: "water", atoms: [("H", 2), ("O", 1)]),
        Substance(name: "hydrogen peroxide", atoms: [("H", 2), ("O", 2)]),
        Substance(name: "carbon dioxide", atoms: [("C", 1), ("O", 2)]),
        Substance(name: "carbon monoxide", atoms: [("C", 1), ("O", 1)]),
        Substance(name: "methane", atoms: [("C", 1), ("H", 4)]),
        Substance(name: "ethane", atoms: [("C", 2), ("H", 6)]),
        Substance(name: "propane", atoms: [("C", 3), ("H", 8)]),
        Substance(name: "butane", atoms: [("C", 4), ("H", 10)]),
        Substance(name: "pentane", atoms: [("C", 5), ("H", 12)]),
        Substance(name: "hexane", atoms: [("C", 6), ("H", 14)]),
        Substance(name: "octane", atoms: [("C", 8), ("H", 18)]),
        Substance(name: "ethene", atoms: [("C", 2), ("H", 4)]),
        Substance(name: "propene", atoms: [("C", 3), ("H", 6)]),
        Substance(name: "acetylene", atoms: [("C", 2), ("H", 2)]),
        Substance(name: "benzene", atoms: [("C", 6), ("H", 6)]),
        Substance(name: "toluene", atoms: [("C", 7), ("H", 8)]),
        Substance(name: "naphthalene", atoms: [("C", 10), ("H", 8)]),
        Substance(name: "cyclohexane", atoms: [("C", 6), ("H", 12)]),
        Substance(name: "ethanol", atoms: [("C", 2), ("H", 6), ("O", 1)]),
        Substance(name: "methanol", atoms: [("C", 1), ("H", 4), ("O", 1)]),
        Substance(name: "glycerol", atoms: [("C", 3), ("H", 8), ("O", 3)]),
        Substance(name: "acetone", atoms: [("C", 3), ("H", 6), ("O", 1)]),
        Substance(name: "acetic acid", atoms: [("C", 2), ("H", 4), ("O", 2)]),
        Substance(name: "lactic acid", atoms: [("C", 3), ("H", 6), ("O", 3)]),
        Substance(name: "citric acid", atoms: [("C", 6), ("H", 8), ("O", 7)]),
        Substance(name: "glucose", atoms: [("C", 6), ("H", 12), ("O", 6)]),
        Substance(name: "sucrose", atoms: [("C", 12), ("H", 22), ("O", 11)]),
        Substance(name: "caffeine", atoms: [("C", 8), ("H", 10), ("N", 4), ("O", 2)]),
        Substance(name: "aspirin", atoms: [("C", 9), ("H", 8), ("O", 4)]),
        Substance(name: "urea", atoms: [("C", 1), ("H", 4), ("N", 2), ("O", 1)]),
        Substance(name: "ammonia", atoms: [("N", 1), ("H", 3)]),
        Substance(name: "hydrazine", atoms: [("N", 2), ("H", 4)]),
        Substance(name: "nitric acid", atoms: [("H", 1), ("N", 1), ("O", 3)]),
        Substance(name: "nitrogen dioxide", atoms: [("N", 1), ("O", 2)]),
        Substance(name: "nitrous oxide", atoms: [("N", 2), ("O", 1)]),
        Substance(name: "sulfuric acid", atoms: [("H", 2), ("S", 1), ("O", 4)]),
        Substance(name: "sulfur dioxide", atoms: [("S", 1), ("O", 2)]),
        Substance(name: "sulfur trioxide", atoms: [("S", 1), ("O", 3)]),
        Substance(name: "hydrogen sulfide", atoms: [("H", 2), ("S", 1)]),
        Substance(name: "sulfur hexafluoride", atoms: [("S", 1), ("F", 6)]),
        Substance(name: "phosphoric acid", atoms: [("H", 3), ("P", 1), ("O", 4)]),
        Substance(name: "phosphine", atoms: [("P", 1), ("H", 3)]),
        Substance(name: "carbonic acid", atoms: [("H", 2), ("C", 1), ("O", 3)]),
        Substance(name: "formaldehyde", atoms: [("C", 1), ("H", 2), ("O", 1)]),
        Substance(name: "hydrogen cyanide", atoms: [("H", 1), ("C", 1), ("N", 1)]),
        Substance(name: "carbon disulfide", atoms: [("C", 1), ("S", 2)]),
        Substance(name: "silane", atoms: [("Si", 1), ("H", 4)]),
        Substance(name: "hydrogen bromide", atoms: [("H", 1), ("Br", 1)]),
        Substance(name: "phenol", atoms: [("C", 6), ("H", 6), ("O", 1)]),
        Substance(name: "glycine", atoms: [("C", 2), ("H", 5), ("N", 1), ("O", 2)]),
    ]

    package struct Reaction: Sendable {
        package let left: [(count: Int, formula: String)]
        package let right: [(count: Int, formula: String)]
        package var terms: [(count: Int, formula: String)] { left + right }

        package var text: String {
            func side(_ terms: [(count: Int, formula: String)]) -> String {
                terms.map { $0.count == 1 ? $0.formula : "\($0.count) \($0.formula)" }.joined(separator: " + ")
            }
            return side(left) + " -> " + side(right)
        }
    }

    /// Balanced, with the smallest whole numbers.
    package static let reactions: [Reaction] = [
        Reaction(left: [(2, "H2"), (1, "O2")], right: [(2, "H2O")]),
        Reaction(left: [(1, "N2"), (3, "H2")], right: [(2, "NH3")]),
        Reaction(left: [(1, "CH4"), (2, "O2")], right: [(1, "CO2"), (2, "H2O")]),
        Reaction(left: [(1, "C3H8"), (5, "O2")], right: [(3, "CO2"), (4, "H2O")]),
        Reaction(left: [(2, "Na"), (1, "Cl2")], right: [(2, "NaCl")]),
        Reaction(left: [(2, "Mg"), (1, "O2")], right: [(2, "MgO")]),
        Reaction(left: [(4, "Fe"), (3, "O2")], right: [(2, "Fe2O3")]),
        Reaction(left: [(4, "Al"), (3, "O2")], right: [(2, "Al2O3")]),
        Reaction(left: [(2, "H2O2")], right: [(2, "H2O"), (1, "O2")]),
        Reaction(left: [(6, "CO2"), (6, "H2O")], right: [(1, "C6H12O6"), (6, "O2")]),
        Reaction(left: [(2, "SO2"), (1, "O2")], right: [(2, "SO3")]),
        Reaction(left: [(1, "Zn"), (2, "HCl")], right: [(1, "ZnCl2"), (1, "H2")]),
        Reaction(left: [(2, "KClO3")], right: [(2, "KCl"), (3, "O2")]),
        Reaction(left: [(1, "Fe2O3"), (3, "CO")], right: [(2, "Fe"), (3, "CO2")]),
        Reaction(left: [(2, "CO"), (1, "O2")], right: [(2, "CO2")]),
        Reaction(left: [(1, "C2H4"), (3, "O2")], right: [(2, "CO2"), (2, "H2O")]),
        Reaction(left: [(4, "NH3"), (5, "O2")], right: [(4, "NO"), (6, "H2O")]),
        Reaction(left: [(1, "P4"), (5, "O2")], right: [(1, "P4O10")]),
    ]
}
