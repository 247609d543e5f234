/// English words and their forms, and patterns of bad arguments.
package enum LanguageFacts {
    /// Word | opposite | part of speech
    package static let opposites = FactTable(columns: 3, """
        hot | cold | adjective
        big | small | adjective
        fast | slow | adjective
        young | old | adjective
        happy | sad | adjective
        rich | poor | adjective
        strong | weak | adjective
        light | dark | adjective
        wet | dry | adjective
        clean | dirty | adjective
        full | empty | adjective
        open | closed | adjective
        early | late | adjective
        easy | difficult | adjective
        cheap | expensive | adjective
        loud | quiet | adjective
        wide | narrow | adjective
        deep | shallow | adjective
        sharp | blunt | adjective
        brave | cowardly | adjective
        polite | rude | adjective
        generous | stingy | adjective
        wise | foolish | adjective
        guilty | innocent | adjective
        public | private | adjective
        simple | complicated | adjective
        smooth | rough | adjective
        sweet | bitter | adjective
        safe | dangerous | adjective
        true | false | adjective
        visible | invisible | adjective
        possible | impossible | adjective
        honest | dishonest | adjective
        alive | dead | adjective
        awake | asleep | adjective
        artificial | natural | adjective
        permanent | temporary | adjective
        optimistic | pessimistic | adjective
        maximum | minimum | adjective
        internal | external | adjective
        vertical | horizontal | adjective
        urban | rural | adjective
        arrive | depart | verb
        accept | refuse | verb
        begin | end | verb
        buy | sell | verb
        love | hate | verb
        win | lose | verb
        push | pull | verb
        laugh | cry | verb
        remember | forget | verb
        build | destroy | verb
        increase | decrease | verb
        attack | defend | verb
        lend | borrow | verb
        freeze | melt | verb
        float | sink | verb
        praise | criticise | verb
        teach | learn | verb
        reveal | hide | verb
        war | peace | noun
        day | night | noun
        friend | enemy | noun
        life | death | noun
        truth | lie | noun
        question | answer | noun
        north | south | noun
        east | west | noun
        summer | winter | noun
        heaven | hell | noun
        profit | loss | noun
        hero | villain | noun
        courage | fear | noun
        order | chaos | noun
        cause | effect | noun
        supply | demand | noun
        master | servant | noun
        entrance | exit | noun
        always | never | adverb
        everywhere | nowhere | adverb
        above | below | adverb
        inside | outside | adverb
        forwards | backwards | adverb
        quickly | slowly | adverb
        """)

    /// Verb | past tense
    package static let pasts = FactTable(columns: 2, """
        go | went
        see | saw
        eat | ate
        drink | drank
        run | ran
        write | wrote
        speak | spoke
        take | took
        give | gave
        come | came
        know | knew
        think | thought
        bring | brought
        buy | bought
        catch | caught
        teach | taught
        find | found
        fly | flew
        grow | grew
        draw | drew
        throw | threw
        blow | blew
        begin | began
        sing | sang
        swim | swam
        ring | rang
        sink | sank
        break | broke
        choose | chose
        drive | drove
        ride | rode
        rise | rose
        freeze | froze
        steal | stole
        wear | wore
        tear | tore
        forget | forgot
        sleep | slept
        keep | kept
        feel | felt
        leave | left
        meet | met
        sit | sat
        stand | stood
        understand | understood
        win | won
        hold | held
        tell | told
        sell | sold
        say | said
        pay | paid
        make | made
        have | had
        do | did
        lose | lost
        send | sent
        spend | spent
        build | built
        lend | lent
        fall | fell
        hear | heard
        bite | bit
        hide | hid
        fight | fought
        seek | sought
        sweep | swept
        weep | wept
        shake | shook
        swear | swore
        strike | struck
        dig | dug
        stick | stuck
        swing | swung
        become | became
        lead | led
        feed | fed
        flee | fled
        shoot | shot
        """)

    /// Noun | plural
    package static let plurals = FactTable(columns: 2, """
        child | children
        man | men
        woman | women
        foot | feet
        tooth | teeth
        goose | geese
        mouse | mice
        ox | oxen
        wolf | wolves
        leaf | leaves
        knife | knives
        life | lives
        wife | wives
        half | halves
        shelf | shelves
        thief | thieves
        loaf | loaves
        city | cities
        baby | babies
        story | stories
        country | countries
        party | parties
        lady | ladies
        family | families
        berry | berries
        box | boxes
        bus | buses
        dish | dishes
        church | churches
        glass | glasses
        watch | watches
        fox | foxes
        class | classes
        potato | potatoes
        tomato | tomatoes
        hero | heroes
        crisis | crises
        analysis | analyses
        thesis | theses
        oasis | oases
        hypothesis | hypotheses
        bacterium | bacteria
        alumnus | alumni
        stimulus | stimuli
        key | keys
        boy | boys
        day | days
        toy | toys
        monkey | monkeys
        piano | pianos
        photo | photos
        chief | chiefs
        passer-by | passers-by
        """)

    /// Fallacy | description
    package static let fallacies = FactTable(columns: 2, """
        ad hominem | attacking the person instead of the argument
        straw man | refuting a distorted version of the opponent's view
        slippery slope | claiming that a small step must lead to a disaster
        false dilemma | offering only two options although there are more
        circular reasoning | assuming what is to be proved
        hasty generalisation | drawing a general conclusion from too few cases
        appeal to popularity | claiming that something is true because many believe it
        appeal to authority | claiming that something is true because a famous person says so
        appeal to tradition | claiming that something is right because it was always done so
        appeal to pity | winning agreement by arousing sympathy
        appeal to fear | winning agreement by frightening people
        appeal to ignorance | claiming that something is true because it was never disproved
        red herring | leading away from the question to another topic
        equivocation | using a word in two meanings in one argument
        post hoc | concluding that what came before was the cause
        gambler's fallacy | believing that past chance results change the next one
        sunk cost | going on because so much was already spent
        composition | concluding that the whole has what its parts have
        division | concluding that the parts have what the whole has
        tu quoque | answering criticism by accusing the critic of the same
        """)
}
