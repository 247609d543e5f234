/// Events with their years, institutions, religions.
package enum HistoryFacts {
    /// Event | year (AD) | 1 well known, 2 less
    package static let events = FactTable(columns: 3, """
        the eruption of Vesuvius that buried Pompeii | 79 | 2
        the fall of the Western Roman Empire | 476 | 1
        the crowning of Charlemagne as emperor | 800 | 1
        the Battle of Hastings | 1066 | 1
        the start of the First Crusade | 1096 | 2
        the sealing of Magna Carta | 1215 | 1
        the return of Marco Polo to Venice | 1295 | 2
        the arrival of the Black Death in Europe | 1347 | 1
        the Battle of Agincourt | 1415 | 2
        the death of Joan of Arc | 1431 | 1
        the fall of Constantinople | 1453 | 1
        the first voyage of Columbus to America | 1492 | 1
        the arrival of Vasco da Gama in India | 1498 | 1
        the posting of Luther's 95 theses | 1517 | 1
        the start of Magellan's voyage | 1519 | 1
        the fall of the Aztec capital Tenochtitlan | 1521 | 2
        the start of the reign of Elizabeth I of England | 1558 | 1
        the Battle of Lepanto | 1571 | 2
        the defeat of the Spanish Armada | 1588 | 1
        the death of Shakespeare | 1616 | 1
        the start of the Thirty Years' War | 1618 | 1
        the landing of the Mayflower in America | 1620 | 1
        the Peace of Westphalia | 1648 | 1
        the execution of Charles I of England | 1649 | 2
        the Great Fire of London | 1666 | 1
        the second Ottoman siege of Vienna | 1683 | 2
        the founding of Saint Petersburg | 1703 | 1
        the Lisbon earthquake | 1755 | 2
        the start of the Seven Years' War | 1756 | 2
        the Boston Tea Party | 1773 | 1
        the American Declaration of Independence | 1776 | 1
        the storming of the Bastille | 1789 | 1
        the execution of Louis XVI of France | 1793 | 2
        the Louisiana Purchase | 1803 | 1
        the Battle of Trafalgar | 1805 | 1
        the Battle of Waterloo | 1815 | 1
        the independence of Brazil | 1822 | 2
        the start of the reign of Queen Victoria | 1837 | 1
        the publication of the Communist Manifesto | 1848 | 1
        the start of the California Gold Rush | 1848 | 2
        the start of the Crimean War | 1853 | 2
        the publication of Darwin's On the Origin of Species | 1859 | 1
        the start of the American Civil War | 1861 | 1
        the Emancipation Proclamation | 1863 | 1
        the assassination of Abraham Lincoln | 1865 | 1
        the Meiji Restoration in Japan | 1868 | 1
        the opening of the Suez Canal | 1869 | 1
        the founding of the German Empire | 1871 | 1
        the invention of the telephone by Bell | 1876 | 1
        the opening of the Eiffel Tower | 1889 | 1
        the first modern Olympic Games | 1896 | 1
        the first powered flight of the Wright brothers | 1903 | 1
        the San Francisco earthquake | 1906 | 2
        the sinking of the Titanic | 1912 | 1
        the start of the First World War | 1914 | 1
        the opening of the Panama Canal | 1914 | 2
        the Russian October Revolution | 1917 | 1
        the end of the First World War | 1918 | 1
        the Treaty of Versailles | 1919 | 1
        the founding of the Soviet Union | 1922 | 1
        the discovery of Tutankhamun's tomb | 1922 | 2
        the first solo flight across the Atlantic by Lindbergh | 1927 | 2
        the discovery of penicillin | 1928 | 1
        the Wall Street Crash | 1929 | 1
        the start of the Spanish Civil War | 1936 | 1
        the start of the Second World War | 1939 | 1
        the attack on Pearl Harbor | 1941 | 1
        the landing in Normandy on D-Day | 1944 | 1
        the founding of the United Nations | 1945 | 1
        the independence of India | 1947 | 1
        the founding of the state of Israel | 1948 | 1
        the founding of the People's Republic of China | 1949 | 1
        the start of the Korean War | 1950 | 1
        the coronation of Elizabeth II | 1953 | 2
        the launch of Sputnik | 1957 | 1
        the building of the Berlin Wall | 1961 | 1
        the first human flight into space | 1961 | 1
        the Cuban Missile Crisis | 1962 | 1
        the assassination of John F. Kennedy | 1963 | 1
        the first Moon landing | 1969 | 1
        the resignation of Richard Nixon | 1974 | 1
        the Iranian Revolution | 1979 | 1
        the Chernobyl disaster | 1986 | 1
        the fall of the Berlin Wall | 1989 | 1
        the reunification of Germany | 1990 | 1
        the end of the Soviet Union | 1991 | 1
        the election of Nelson Mandela as president | 1994 | 1
        the return of Hong Kong to China | 1997 | 1
        the introduction of euro banknotes | 2002 | 2
        the great tsunami of the Indian Ocean | 2004 | 2
        the first election of Barack Obama | 2008 | 1
        the start of the Covid-19 pandemic | 2020 | 1
        """)

    /// Institution | city of its seat | what it does
    package static let institutions = FactTable(columns: 3, """
        the United Nations | New York | keeps peace among nations
        UNESCO | Paris | protects education, science and culture
        the World Health Organization | Geneva | coordinates the fight against disease
        the International Red Cross | Geneva | helps victims of war
        the International Court of Justice | The Hague | decides legal disputes between states
        the International Criminal Court | The Hague | tries persons for war crimes and genocide
        the International Monetary Fund | Washington, D.C. | lends to countries with payment problems
        NATO | Brussels | defends its member states together
        the European Commission | Brussels | proposes the laws of the European Union
        the European Central Bank | Frankfurt | issues the euro
        the European Court of Human Rights | Strasbourg | hears complaints under the European Convention on Human Rights
        the Court of Justice of the European Union | Luxembourg City | interprets the law of the European Union
        the International Atomic Energy Agency | Vienna | watches over the peaceful use of nuclear energy
        OPEC | Vienna | coordinates the policies of oil exporters
        the World Trade Organization | Geneva | sets the rules of world trade
        the African Union | Addis Ababa | unites the states of Africa
        the Arab League | Cairo | unites the Arab states
        ASEAN | Jakarta | unites the states of Southeast Asia
        the International Olympic Committee | Lausanne | organises the Olympic Games
        FIFA | Zurich | governs world football
        Interpol | Lyon | helps police forces work together across borders
        the Food and Agriculture Organization | Rome | fights hunger
        UNICEF | New York | helps children around the world
        the International Labour Organization | Geneva | sets standards for work
        the Nobel Committee for the Peace Prize | Oslo | chooses the winner of the Nobel Peace Prize
        the OECD | Paris | compares the policies of developed economies
        Europol | The Hague | supports the police forces of the European Union
        the Universal Postal Union | Bern | coordinates mail between countries
        the Commonwealth Secretariat | London | serves the states of the Commonwealth
        the Organization of American States | Washington, D.C. | unites the states of the Americas
        """)

    /// Term | definition (kind of rule, science of society)
    package static let societyTerms = FactTable(columns: 2, """
        democracy | rule by the people
        monarchy | rule by a king or queen
        oligarchy | rule by a few
        theocracy | rule by religious leaders
        aristocracy | rule by nobles
        dictatorship | rule by one person with total power
        republic | a state with an elected head and no monarch
        anarchy | the absence of any government
        federation | a union of states that keep some powers of their own
        constitution | the basic law of a state
        parliament | an assembly that makes laws
        referendum | a vote of all the people on one question
        veto | the right to block a decision
        census | an official count of the people
        treaty | a formal agreement between states
        embargo | a ban on trade with a country
        tariff | a tax on imported goods
        inflation | a general rise of prices
        recession | a decline of the economy over months
        monopoly | a market with a single seller
        capitalism | an economy based on private ownership
        communism | an economy in which all property is shared
        feudalism | a society of lords and vassals
        suffrage | the right to vote
        citizenship | full membership of a state
        refugee | a person who flees from war or persecution
        colony | a land ruled by a distant country
        revolution | the overthrow of a government from below
        coup | the seizing of power by a small group
        propaganda | biased information that promotes a cause
        urbanisation | the growth of cities
        globalisation | the growing together of the world's economies
        secularism | the separation of state and religion
        pacifism | the rejection of all war
        nationalism | strong devotion to one's own nation
        socialisation | learning the norms of one's society
        nuclear family | parents living with their children only
        matriarchy | a society led by women
        patriarchy | a society led by men
        ethnocentrism | judging other cultures by one's own
        archaeology | the study of the past through its remains
        anthropology | the study of human cultures
        sociology | the study of society
        linguistics | the study of language
        ethics | the study of right and wrong
        aesthetics | the study of beauty
        epistemology | the study of knowledge
        metaphysics | the study of the nature of reality
        monotheism | belief in one god
        polytheism | belief in many gods
        atheism | the view that there is no god
        agnosticism | the view that we cannot know whether there is a god
        """)
}
