/// Countries of the world, as they stand within a sentence ("the Netherlands").
package enum CountryFacts {
    /// Country | capital | continent | the one language of its government | currency | adjective for its people | 1 well known, 2 less.
    /// A dash stands where the matter is disputed or has several answers.
    package static let countries = FactTable(columns: 7, """
        France | Paris | Europe | French | euro | French | 1
        Germany | Berlin | Europe | German | euro | German | 1
        Italy | Rome | Europe | Italian | euro | Italian | 1
        Spain | Madrid | Europe | Spanish | euro | Spanish | 1
        Portugal | Lisbon | Europe | Portuguese | euro | Portuguese | 1
        Austria | Vienna | Europe | German | euro | Austrian | 1
        Greece | Athens | Europe | Greek | euro | Greek | 1
        Ireland | Dublin | Europe | - | euro | Irish | 1
        Belgium | Brussels | Europe | - | euro | Belgian | 1
        the Netherlands | Amsterdam | Europe | Dutch | euro | Dutch | 1
        the United Kingdom | London | Europe | English | pound sterling | British | 1
        Switzerland | Bern | Europe | - | Swiss franc | Swiss | 1
        Poland | Warsaw | Europe | Polish | zloty | Polish | 1
        Sweden | Stockholm | Europe | Swedish | Swedish krona | Swedish | 1
        Norway | Oslo | Europe | Norwegian | Norwegian krone | Norwegian | 1
        Denmark | Copenhagen | Europe | Danish | Danish krone | Danish | 1
        Finland | Helsinki | Europe | - | euro | Finnish | 1
        Iceland | Reykjavik | Europe | Icelandic | Icelandic krona | Icelandic | 1
        Hungary | Budapest | Europe | Hungarian | forint | Hungarian | 1
        the Czech Republic | Prague | Europe | Czech | Czech koruna | Czech | 1
        Slovakia | Bratislava | Europe | Slovak | euro | Slovak | 2
        Slovenia | Ljubljana | Europe | Slovene | euro | Slovenian | 2
        Croatia | Zagreb | Europe | Croatian | euro | Croatian | 1
        Serbia | Belgrade | Europe | Serbian | Serbian dinar | Serbian | 1
        Romania | Bucharest | Europe | Romanian | Romanian leu | Romanian | 1
        Bulgaria | Sofia | Europe | Bulgarian | - | Bulgarian | 1
        Albania | Tirana | Europe | Albanian | lek | Albanian | 2
        North Macedonia | Skopje | Europe | - | denar | Macedonian | 2
        Montenegro | Podgorica | Europe | - | euro | Montenegrin | 2
        Bosnia and Herzegovina | Sarajevo | Europe | - | convertible mark | Bosnian | 2
        Ukraine | Kyiv | Europe | Ukrainian | hryvnia | Ukrainian | 1
        Belarus | Minsk | Europe | - | Belarusian ruble | Belarusian | 2
        Moldova | Chisinau | Europe | Romanian | Moldovan leu | Moldovan | 2
        Lithuania | Vilnius | Europe | Lithuanian | euro | Lithuanian | 2
        Latvia | Riga | Europe | Latvian | euro | Latvian | 2
        Estonia | Tallinn | Europe | Estonian | euro | Estonian | 2
        Luxembourg | Luxembourg City | Europe | - | euro | Luxembourgish | 2
        Malta | Valletta | Europe | - | euro | Maltese | 2
        Russia | Moscow | - | Russian | Russian ruble | Russian | 1
        Turkey | Ankara | - | Turkish | Turkish lira | Turkish | 1
        Cyprus | Nicosia | - | - | euro | Cypriot | 2
        Georgia | Tbilisi | - | Georgian | lari | Georgian | 2
        Armenia | Yerevan | - | Armenian | dram | Armenian | 2
        Azerbaijan | Baku | - | Azerbaijani | manat | Azerbaijani | 2
        Kazakhstan | Astana | - | - | tenge | Kazakh | 2
        Egypt | Cairo | - | Arabic | Egyptian pound | Egyptian | 1
        China | Beijing | Asia | Mandarin Chinese | yuan | Chinese | 1
        Japan | Tokyo | Asia | Japanese | yen | Japanese | 1
        South Korea | Seoul | Asia | Korean | South Korean won | South Korean | 1
        North Korea | Pyongyang | Asia | Korean | North Korean won | North Korean | 1
        Mongolia | Ulaanbaatar | Asia | Mongolian | tugrik | Mongolian | 2
        India | New Delhi | Asia | - | Indian rupee | Indian | 1
        Pakistan | Islamabad | Asia | - | Pakistani rupee | Pakistani | 1
        Bangladesh | Dhaka | Asia | Bengali | taka | Bangladeshi | 1
        Nepal | Kathmandu | Asia | Nepali | Nepalese rupee | Nepalese | 1
        Bhutan | Thimphu | Asia | Dzongkha | ngultrum | Bhutanese | 2
        Afghanistan | Kabul | Asia | - | afghani | Afghan | 1
        Iran | Tehran | Asia | Persian | rial | Iranian | 1
        Iraq | Baghdad | Asia | - | Iraqi dinar | Iraqi | 1
        Syria | Damascus | Asia | Arabic | Syrian pound | Syrian | 1
        Lebanon | Beirut | Asia | Arabic | Lebanese pound | Lebanese | 1
        Jordan | Amman | Asia | Arabic | Jordanian dinar | Jordanian | 1
        Saudi Arabia | Riyadh | Asia | Arabic | Saudi riyal | Saudi | 1
        Yemen | Sanaa | Asia | Arabic | Yemeni rial | Yemeni | 2
        Oman | Muscat | Asia | Arabic | Omani rial | Omani | 2
        Qatar | Doha | Asia | Arabic | Qatari riyal | Qatari | 1
        Kuwait | Kuwait City | Asia | Arabic | Kuwaiti dinar | Kuwaiti | 2
        Bahrain | Manama | Asia | Arabic | Bahraini dinar | Bahraini | 2
        the United Arab Emirates | Abu Dhabi | Asia | Arabic | dirham | Emirati | 1
        Uzbekistan | Tashkent | Asia | Uzbek | som | Uzbek | 2
        Turkmenistan | Ashgabat | Asia | Turkmen | Turkmen manat | Turkmen | 2
        Kyrgyzstan | Bishkek | Asia | - | Kyrgyz som | Kyrgyz | 2
        Tajikistan | Dushanbe | Asia | - | somoni | Tajik | 2
        Thailand | Bangkok | Asia | Thai | baht | Thai | 1
        Vietnam | Hanoi | Asia | Vietnamese | dong | Vietnamese | 1
        Cambodia | Phnom Penh | Asia | Khmer | riel | Cambodian | 1
        Laos | Vientiane | Asia | Lao | kip | Laotian | 2
        Myanmar | Naypyidaw | Asia | Burmese | kyat | Burmese | 2
        Malaysia | Kuala Lumpur | Asia | Malay | ringgit | Malaysian | 1
        Indonesia | Jakarta | Asia | Indonesian | rupiah | Indonesian | 1
        the Philippines | Manila | Asia | - | Philippine peso | Filipino | 1
        the Maldives | Malé | Asia | Dhivehi | rufiyaa | Maldivian | 2
        Morocco | Rabat | Africa | - | Moroccan dirham | Moroccan | 1
        Algeria | Algiers | Africa | - | Algerian dinar | Algerian | 1
        Tunisia | Tunis | Africa | - | Tunisian dinar | Tunisian | 1
        Libya | Tripoli | Africa | Arabic | Libyan dinar | Libyan | 1
        Sudan | Khartoum | Africa | - | Sudanese pound | Sudanese | 1
        Ethiopia | Addis Ababa | Africa | - | birr | Ethiopian | 1
        Eritrea | Asmara | Africa | - | nakfa | Eritrean | 2
        Somalia | Mogadishu | Africa | - | Somali shilling | Somali | 1
        Kenya | Nairobi | Africa | - | Kenyan shilling | Kenyan | 1
        Uganda | Kampala | Africa | - | Ugandan shilling | Ugandan | 1
        Rwanda | Kigali | Africa | - | Rwandan franc | Rwandan | 2
        the Democratic Republic of the Congo | Kinshasa | Africa | French | Congolese franc | Congolese | 2
        Angola | Luanda | Africa | Portuguese | kwanza | Angolan | 2
        Zambia | Lusaka | Africa | English | Zambian kwacha | Zambian | 2
        Zimbabwe | Harare | Africa | - | - | Zimbabwean | 1
        Mozambique | Maputo | Africa | Portuguese | metical | Mozambican | 2
        Namibia | Windhoek | Africa | English | Namibian dollar | Namibian | 2
        Botswana | Gaborone | Africa | - | pula | Botswanan | 2
        Madagascar | Antananarivo | Africa | - | ariary | Malagasy | 2
        Mauritius | Port Louis | Africa | - | Mauritian rupee | Mauritian | 2
        Nigeria | Abuja | Africa | English | naira | Nigerian | 1
        Ghana | Accra | Africa | English | cedi | Ghanaian | 1
        Senegal | Dakar | Africa | French | - | Senegalese | 1
        Mali | Bamako | Africa | - | - | Malian | 2
        Niger | Niamey | Africa | - | - | - | 2
        Chad | N'Djamena | Africa | - | - | Chadian | 2
        Togo | Lomé | Africa | French | - | Togolese | 2
        Burkina Faso | Ouagadougou | Africa | - | - | Burkinabe | 2
        Sierra Leone | Freetown | Africa | English | leone | Sierra Leonean | 2
        Liberia | Monrovia | Africa | English | Liberian dollar | Liberian | 2
        Gabon | Libreville | Africa | French | - | Gabonese | 2
        Cape Verde | Praia | Africa | Portuguese | Cape Verdean escudo | Cape Verdean | 2
        the Gambia | Banjul | Africa | English | dalasi | Gambian | 2
        the United States | Washington, D.C. | North America | English | US dollar | American | 1
        Canada | Ottawa | North America | - | Canadian dollar | Canadian | 1
        Mexico | Mexico City | North America | Spanish | Mexican peso | Mexican | 1
        Guatemala | Guatemala City | North America | Spanish | quetzal | Guatemalan | 1
        Honduras | Tegucigalpa | North America | Spanish | lempira | Honduran | 2
        Nicaragua | Managua | North America | Spanish | cordoba | Nicaraguan | 2
        Costa Rica | San José | North America | Spanish | colón | Costa Rican | 1
        Panama | Panama City | North America | Spanish | - | Panamanian | 1
        Belize | Belmopan | North America | English | Belize dollar | Belizean | 2
        Cuba | Havana | North America | Spanish | Cuban peso | Cuban | 1
        Haiti | Port-au-Prince | North America | - | gourde | Haitian | 1
        Jamaica | Kingston | North America | English | Jamaican dollar | Jamaican | 1
        the Dominican Republic | Santo Domingo | North America | Spanish | Dominican peso | Dominican | 2
        the Bahamas | Nassau | North America | English | Bahamian dollar | Bahamian | 2
        Barbados | Bridgetown | North America | English | Barbadian dollar | Barbadian | 2
        Brazil | Brasília | South America | Portuguese | real | Brazilian | 1
        Argentina | Buenos Aires | South America | Spanish | Argentine peso | Argentine | 1
        Chile | Santiago | South America | Spanish | Chilean peso | Chilean | 1
        Peru | Lima | South America | - | sol | Peruvian | 1
        Colombia | Bogotá | South America | Spanish | Colombian peso | Colombian | 1
        Venezuela | Caracas | South America | Spanish | bolívar | Venezuelan | 1
        Ecuador | Quito | South America | Spanish | US dollar | Ecuadorian | 1
        Uruguay | Montevideo | South America | Spanish | Uruguayan peso | Uruguayan | 1
        Paraguay | Asunción | South America | - | guaraní | Paraguayan | 2
        Guyana | Georgetown | South America | English | Guyanese dollar | Guyanese | 2
        Suriname | Paramaribo | South America | Dutch | Surinamese dollar | Surinamese | 2
        Australia | Canberra | Oceania | English | Australian dollar | Australian | 1
        New Zealand | Wellington | Oceania | - | New Zealand dollar | - | 1
        Fiji | Suva | Oceania | - | Fijian dollar | Fijian | 2
        Papua New Guinea | Port Moresby | Oceania | - | kina | Papua New Guinean | 2
        Samoa | Apia | Oceania | - | tala | Samoan | 2
        Tonga | Nuku'alofa | Oceania | - | pa'anga | Tongan | 2
        Vanuatu | Port Vila | Oceania | - | vatu | Vanuatuan | 2
        """)

    /// City (not a capital) | country
    package static let cities = FactTable(columns: 2, """
        Lyon | France
        Marseille | France
        Toulouse | France
        Bordeaux | France
        Hamburg | Germany
        Munich | Germany
        Cologne | Germany
        Frankfurt | Germany
        Milan | Italy
        Naples | Italy
        Venice | Italy
        Florence | Italy
        Turin | Italy
        Barcelona | Spain
        Seville | Spain
        Bilbao | Spain
        Porto | Portugal
        Salzburg | Austria
        Graz | Austria
        Innsbruck | Austria
        Thessaloniki | Greece
        Cork | Ireland
        Antwerp | Belgium
        Bruges | Belgium
        Rotterdam | the Netherlands
        Utrecht | the Netherlands
        Manchester | the United Kingdom
        Liverpool | the United Kingdom
        Glasgow | the United Kingdom
        Edinburgh | the United Kingdom
        Zurich | Switzerland
        Geneva | Switzerland
        Basel | Switzerland
        Krakow | Poland
        Gdansk | Poland
        Gothenburg | Sweden
        Malmö | Sweden
        Bergen | Norway
        Trondheim | Norway
        Aarhus | Denmark
        Tampere | Finland
        Debrecen | Hungary
        Brno | the Czech Republic
        Split | Croatia
        Dubrovnik | Croatia
        Plovdiv | Bulgaria
        Odesa | Ukraine
        Lviv | Ukraine
        Saint Petersburg | Russia
        Vladivostok | Russia
        Istanbul | Turkey
        Izmir | Turkey
        Alexandria | Egypt
        Luxor | Egypt
        Shanghai | China
        Guangzhou | China
        Shenzhen | China
        Wuhan | China
        Osaka | Japan
        Kyoto | Japan
        Hiroshima | Japan
        Nagoya | Japan
        Busan | South Korea
        Incheon | South Korea
        Mumbai | India
        Kolkata | India
        Chennai | India
        Bangalore | India
        Karachi | Pakistan
        Lahore | Pakistan
        Isfahan | Iran
        Shiraz | Iran
        Basra | Iraq
        Mosul | Iraq
        Aleppo | Syria
        Mecca | Saudi Arabia
        Medina | Saudi Arabia
        Jeddah | Saudi Arabia
        Dubai | the United Arab Emirates
        Samarkand | Uzbekistan
        Almaty | Kazakhstan
        Chiang Mai | Thailand
        Phuket | Thailand
        Ho Chi Minh City | Vietnam
        Da Nang | Vietnam
        Surabaya | Indonesia
        Cebu City | the Philippines
        Casablanca | Morocco
        Marrakesh | Morocco
        Oran | Algeria
        Benghazi | Libya
        Mombasa | Kenya
        Lagos | Nigeria
        Kano | Nigeria
        Kumasi | Ghana
        Bulawayo | Zimbabwe
        New York | the United States
        Chicago | the United States
        Los Angeles | the United States
        Boston | the United States
        Seattle | the United States
        Houston | the United States
        Toronto | Canada
        Montreal | Canada
        Vancouver | Canada
        Calgary | Canada
        Guadalajara | Mexico
        Monterrey | Mexico
        Cancún | Mexico
        Rio de Janeiro | Brazil
        São Paulo | Brazil
        Salvador | Brazil
        Rosario | Argentina
        Mendoza | Argentina
        Valparaíso | Chile
        Cusco | Peru
        Arequipa | Peru
        Medellín | Colombia
        Cartagena | Colombia
        Guayaquil | Ecuador
        Maracaibo | Venezuela
        Sydney | Australia
        Melbourne | Australia
        Brisbane | Australia
        Perth | Australia
        Auckland | New Zealand
        Christchurch | New Zealand
        """)

    /// Sight | country
    package static let landmarks = FactTable(columns: 2, """
        the Eiffel Tower | France
        the Louvre | France
        the Palace of Versailles | France
        Mont Saint-Michel | France
        the Brandenburg Gate | Germany
        Neuschwanstein Castle | Germany
        Cologne Cathedral | Germany
        the Colosseum | Italy
        the Leaning Tower of Pisa | Italy
        the ruins of Pompeii | Italy
        the Trevi Fountain | Italy
        the Sagrada Família | Spain
        the Alhambra | Spain
        the Prado Museum | Spain
        the Belém Tower | Portugal
        Schönbrunn Palace | Austria
        the Acropolis | Greece
        the Parthenon | Greece
        the Atomium | Belgium
        the Anne Frank House | the Netherlands
        the Rijksmuseum | the Netherlands
        Big Ben | the United Kingdom
        Stonehenge | the United Kingdom
        Buckingham Palace | the United Kingdom
        the Tower of London | the United Kingdom
        the Cliffs of Moher | Ireland
        the Chapel Bridge of Lucerne | Switzerland
        Wawel Castle | Poland
        the Little Mermaid statue | Denmark
        Tivoli Gardens | Denmark
        the Geirangerfjord | Norway
        Charles Bridge | the Czech Republic
        Buda Castle | Hungary
        Bran Castle | Romania
        the Kremlin | Russia
        the Hermitage Museum | Russia
        Hagia Sophia | Turkey
        the Blue Mosque | Turkey
        the Great Pyramid of Giza | Egypt
        the Valley of the Kings | Egypt
        Abu Simbel | Egypt
        Petra | Jordan
        the ruins of Persepolis | Iran
        the Burj Khalifa | the United Arab Emirates
        the Taj Mahal | India
        the Red Fort | India
        the Golden Temple of Amritsar | India
        the Forbidden City | China
        the Terracotta Army | China
        Mount Fuji | Japan
        Angkor Wat | Cambodia
        Borobudur | Indonesia
        the Petronas Towers | Malaysia
        Ha Long Bay | Vietnam
        the Grand Palace of Bangkok | Thailand
        Mount Kilimanjaro | Tanzania
        Table Mountain | South Africa
        Robben Island | South Africa
        the rock churches of Lalibela | Ethiopia
        the ruins of Carthage | Tunisia
        the Statue of Liberty | the United States
        the Grand Canyon | the United States
        Mount Rushmore | the United States
        the Golden Gate Bridge | the United States
        the White House | the United States
        the CN Tower | Canada
        Banff National Park | Canada
        Chichén Itzá | Mexico
        Teotihuacan | Mexico
        Tikal | Guatemala
        Machu Picchu | Peru
        the Nazca Lines | Peru
        Christ the Redeemer | Brazil
        Sugarloaf Mountain | Brazil
        the moai of Easter Island | Chile
        the Galápagos Islands | Ecuador
        Angel Falls | Venezuela
        the Sydney Opera House | Australia
        Uluru | Australia
        the Great Barrier Reef | Australia
        the Hobbiton film set | New Zealand
        """)
}
