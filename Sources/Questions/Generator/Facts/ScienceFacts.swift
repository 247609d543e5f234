/// Units, the body, the Earth and space, instruments and discoveries.
package enum ScienceFacts {
    /// Quantity | SI unit | the unit's plural
    package static let units = FactTable(columns: 3, """
        force | newton | newtons
        energy | joule | joules
        power | watt | watts
        pressure | pascal | pascals
        electric current | ampere | amperes
        voltage | volt | volts
        electrical resistance | ohm | ohms
        electric charge | coulomb | coulombs
        capacitance | farad | farads
        inductance | henry | henries
        frequency | hertz | hertz
        length | metre | metres
        mass | kilogram | kilograms
        time | second | seconds
        temperature | kelvin | kelvins
        amount of substance | mole | moles
        luminous intensity | candela | candelas
        magnetic flux density | tesla | teslas
        magnetic flux | weber | webers
        radioactivity | becquerel | becquerels
        luminous flux | lumen | lumens
        illuminance | lux | lux
        electrical conductance | siemens | siemens
        absorbed radiation dose | gray | grays
        """)

    /// Part | what it does (third person)
    package static let body = FactTable(columns: 2, """
        heart | pumps the blood
        brain | controls thinking
        stomach | breaks down food with acid
        lung | takes oxygen from the air
        kidney | filters the blood and makes urine
        liver | makes bile
        pancreas | makes insulin
        bladder | stores urine
        gallbladder | stores bile
        skin | covers and protects the body
        eye | is the organ of sight
        ear | is the organ of hearing
        nose | is the organ of smell
        tongue | tastes food
        teeth | chew food
        large intestine | takes up water from digested food
        small intestine | takes up most nutrients
        oesophagus | carries food to the stomach
        windpipe | carries air to the lungs
        diaphragm | contracts to draw in breath
        thyroid | controls the metabolism with its hormones
        adrenal gland | releases adrenaline
        spleen | removes old red blood cells
        bone marrow | makes blood cells
        red blood cell | carries oxygen
        white blood cell | attacks germs in the blood
        platelet | helps the blood to clot
        artery | carries blood away from the heart
        vein | carries blood back to the heart
        nerve | carries electrical signals
        tendon | joins muscle to bone
        ligament | joins bone to bone
        skull | protects the brain
        rib cage | protects the heart and lungs
        retina | turns light into nerve signals
        pupil | lets light into the eye
        eardrum | vibrates when sound arrives
        vocal cord | vibrates to make the voice
        cerebellum | keeps balance and coordination
        placenta | feeds the unborn child
        """)

    /// Bone or muscle | where it is
    package static let bones = FactTable(columns: 2, """
        femur | thigh
        tibia | lower leg
        fibula | lower leg
        patella | knee
        humerus | upper arm
        radius | forearm
        ulna | forearm
        sternum | chest
        scapula | shoulder
        clavicle | shoulder
        mandible | jaw
        carpal bone | wrist
        tarsal bone | ankle
        cranium | head
        coccyx | end of the spine
        biceps | upper arm
        triceps | upper arm
        quadriceps | thigh
        hamstring | thigh
        pectoral muscle | chest
        deltoid | shoulder
        masseter | jaw
        stapes | ear
        cochlea | ear
        cornea | eye
        iris | eye
        """)

    /// Name | what it is | kind
    package static let spaceAndEarth = FactTable(columns: 3, """
        Mercury | the planet closest to the Sun | planet
        Venus | the hottest planet | planet
        Mars | the red planet | planet
        Jupiter | the largest planet | planet
        Saturn | the planet with the most prominent rings | planet
        Neptune | the planet farthest from the Sun | planet
        Uranus | the planet that rotates on its side | planet
        Titan | the largest moon of Saturn | moon
        Ganymede | the largest moon of Jupiter | moon
        Phobos | the larger moon of Mars | moon
        Triton | the largest moon of Neptune | moon
        the Milky Way | our galaxy | sky
        the Sun | the star closest to the Earth | sky
        Polaris | the North Star | sky
        Sirius | the brightest star of the night sky | sky
        Andromeda | the nearest large galaxy to ours | sky
        the crust | the outermost layer of the Earth | layer
        the mantle | the layer below the Earth's crust | layer
        the outer core | the liquid metal layer of the Earth | layer
        the inner core | the solid centre of the Earth | layer
        the troposphere | the lowest layer of the atmosphere | air
        the stratosphere | the layer of the atmosphere with the ozone layer | air
        the mesosphere | the layer of the atmosphere in which most meteors burn up | air
        the thermosphere | the layer of the atmosphere above the mesosphere | air
        magma | molten rock below the ground | rock
        lava | molten rock that has reached the surface | rock
        igneous rock | rock formed from cooled magma | rock
        sedimentary rock | rock formed from layers of sediment | rock
        metamorphic rock | rock changed by heat and pressure | rock
        limestone | the rock that turns into marble | rock
        evaporation | the change from liquid to gas below the boiling point | change
        condensation | the change from gas to liquid | change
        freezing | the change from liquid to solid | change
        melting | the change from solid to liquid | change
        sublimation | the change from solid directly to gas | change
        deposition | the change from gas directly to solid | change
        photosynthesis | the making of sugar from light, water and carbon dioxide | process
        erosion | the wearing away of land by water or wind | process
        fermentation | the change of sugar into alcohol by yeast | process
        nuclear fusion | the joining of light atomic nuclei | process
        nuclear fission | the splitting of heavy atomic nuclei | process
        combustion | burning with oxygen | process
        """)

    /// Instrument | what it does
    package static let instruments = FactTable(columns: 2, """
        thermometer | measures temperature
        barometer | measures air pressure
        hygrometer | measures humidity
        anemometer | measures wind speed
        seismograph | records earthquakes
        ammeter | measures electric current
        voltmeter | measures voltage
        speedometer | shows the speed of a car
        odometer | shows the distance a car has gone
        microscope | makes tiny things visible
        telescope | makes distant stars visible
        stethoscope | lets a doctor hear the heart
        compass | points to the north
        altimeter | measures height above sea level
        spectrometer | splits light to measure its spectrum
        Geiger counter | detects radioactivity
        sonar | finds things under water with sound
        radar | finds aircraft with radio waves
        stopwatch | measures short times
        sphygmomanometer | measures blood pressure
        rain gauge | measures rainfall
        periscope | lets a submarine look above the water
        calorimeter | measures heat
        oscilloscope | shows electric signals as curves
        """)

    /// Science | what it studies
    package static let fields = FactTable(columns: 2, """
        biology | life of every kind
        botany | plants
        zoology | animals
        geology | rocks and the Earth
        astronomy | stars and planets
        meteorology | weather
        chemistry | substances and their reactions
        genetics | heredity and genes
        ecology | living things in their environment
        anatomy | the structure of the body
        physiology | how the body works
        psychology | the mind
        oceanography | the sea
        seismology | earthquakes
        volcanology | volcanoes
        entomology | insects
        ornithology | birds
        ichthyology | fish
        mycology | fungi
        virology | viruses
        bacteriology | bacteria
        immunology | the immune system
        neurology | nerves and their diseases
        cardiology | the heart
        dermatology | the skin
        oncology | cancer
        paediatrics | diseases of children
        ophthalmology | the eyes
        haematology | blood
        toxicology | poisons
        pharmacology | medicines
        palaeontology | fossils
        acoustics | sound
        optics | light
        thermodynamics | heat and work
        mechanics | forces and motion
        cytology | cells
        herpetology | reptiles and amphibians
        mineralogy | minerals
        cosmology | the universe as a whole
        """)

    /// Scientist | what they did | field
    package static let discoveries = FactTable(columns: 3, """
        Isaac Newton | stated the law of universal gravitation | physics
        Albert Einstein | developed the theory of relativity | physics
        Marie Curie | discovered radium | physics
        Galileo Galilei | discovered the four largest moons of Jupiter | physics
        Johannes Kepler | found that planets move in ellipses | physics
        Nicolaus Copernicus | put the Sun at the centre of the planets | physics
        Michael Faraday | discovered electromagnetic induction | physics
        James Clerk Maxwell | wrote down the equations of electromagnetism | physics
        Niels Bohr | proposed a model of the atom with fixed electron orbits | physics
        Ernest Rutherford | discovered the atomic nucleus | physics
        J. J. Thomson | discovered the electron | physics
        James Chadwick | discovered the neutron | physics
        Max Planck | began quantum theory with energy quanta | physics
        Werner Heisenberg | stated the uncertainty principle | physics
        Edwin Hubble | showed that the universe expands | physics
        Wilhelm Röntgen | discovered X-rays | physics
        Georg Ohm | found the law that relates voltage, current and resistance | physics
        Archimedes | found the law of buoyancy | physics
        William Herschel | discovered the planet Uranus | physics
        Alessandro Volta | invented the electric battery | physics
        Charles Darwin | explained evolution by natural selection | biology
        Gregor Mendel | found the laws of heredity with pea plants | biology
        Alexander Fleming | discovered penicillin | biology
        Louis Pasteur | developed a vaccine against rabies | biology
        Edward Jenner | developed the vaccine against smallpox | biology
        Carl Linnaeus | introduced two-part Latin names for species | biology
        William Harvey | described the circulation of the blood | biology
        Robert Koch | found the bacterium that causes tuberculosis | biology
        Jonas Salk | developed the first polio vaccine | biology
        Karl Landsteiner | discovered the human blood groups | biology
        Ivan Pavlov | studied conditioned reflexes with dogs | biology
        Jane Goodall | studied wild chimpanzees in Tanzania | biology
        Dmitri Mendeleev | published the periodic table | chemistry
        Antoine Lavoisier | named oxygen | chemistry
        John Dalton | founded the modern atomic theory | chemistry
        Alfred Nobel | invented dynamite | chemistry
        Henry Cavendish | discovered hydrogen | chemistry
        Linus Pauling | wrote about the nature of the chemical bond | chemistry
        Fritz Haber | made ammonia from nitrogen and hydrogen | chemistry
        Rosalind Franklin | took X-ray pictures of DNA | chemistry
        """)
}
