/// Literature, art, music, philosophy, mythology.
package enum CultureFacts {
    /// Work | author | tradition | 1 well known, 2 less
    package static let works = FactTable(columns: 4, """
        Hamlet | William Shakespeare | English | 1
        Macbeth | William Shakespeare | English | 1
        Romeo and Juliet | William Shakespeare | English | 1
        King Lear | William Shakespeare | English | 1
        Othello | William Shakespeare | English | 1
        The Tempest | William Shakespeare | English | 1
        Pride and Prejudice | Jane Austen | English | 1
        Emma | Jane Austen | English | 1
        Sense and Sensibility | Jane Austen | English | 1
        Oliver Twist | Charles Dickens | English | 1
        A Christmas Carol | Charles Dickens | English | 1
        Great Expectations | Charles Dickens | English | 1
        David Copperfield | Charles Dickens | English | 1
        A Tale of Two Cities | Charles Dickens | English | 1
        Jane Eyre | Charlotte Brontë | English | 1
        Wuthering Heights | Emily Brontë | English | 1
        Frankenstein | Mary Shelley | English | 1
        Dracula | Bram Stoker | English | 1
        Treasure Island | Robert Louis Stevenson | English | 1
        Robinson Crusoe | Daniel Defoe | English | 1
        Gulliver's Travels | Jonathan Swift | English | 1
        Alice's Adventures in Wonderland | Lewis Carroll | English | 1
        The Jungle Book | Rudyard Kipling | English | 1
        The Picture of Dorian Gray | Oscar Wilde | English | 1
        The Importance of Being Earnest | Oscar Wilde | English | 2
        The Time Machine | H. G. Wells | English | 1
        The War of the Worlds | H. G. Wells | English | 1
        Nineteen Eighty-Four | George Orwell | English | 1
        Animal Farm | George Orwell | English | 1
        Brave New World | Aldous Huxley | English | 1
        Lord of the Flies | William Golding | English | 1
        The Hobbit | J. R. R. Tolkien | English | 1
        The Lord of the Rings | J. R. R. Tolkien | English | 1
        Murder on the Orient Express | Agatha Christie | English | 1
        The Hound of the Baskervilles | Arthur Conan Doyle | English | 1
        Heart of Darkness | Joseph Conrad | English | 1
        Mrs Dalloway | Virginia Woolf | English | 1
        To the Lighthouse | Virginia Woolf | English | 1
        Ulysses | James Joyce | English | 1
        Dubliners | James Joyce | English | 2
        Waiting for Godot | Samuel Beckett | English | 1
        Pygmalion | George Bernard Shaw | English | 1
        Paradise Lost | John Milton | English | 1
        The Canterbury Tales | Geoffrey Chaucer | English | 1
        Middlemarch | George Eliot | English | 2
        Vanity Fair | William Makepeace Thackeray | English | 2
        Tess of the d'Urbervilles | Thomas Hardy | English | 2
        The Waste Land | T. S. Eliot | English | 2
        Peter Pan | J. M. Barrie | English | 1
        Moby-Dick | Herman Melville | American | 1
        The Scarlet Letter | Nathaniel Hawthorne | American | 1
        The Raven | Edgar Allan Poe | American | 1
        Leaves of Grass | Walt Whitman | American | 1
        Walden | Henry David Thoreau | American | 1
        Uncle Tom's Cabin | Harriet Beecher Stowe | American | 1
        Little Women | Louisa May Alcott | American | 1
        The Adventures of Tom Sawyer | Mark Twain | American | 1
        Adventures of Huckleberry Finn | Mark Twain | American | 1
        The Call of the Wild | Jack London | American | 1
        The Great Gatsby | F. Scott Fitzgerald | American | 1
        The Old Man and the Sea | Ernest Hemingway | American | 1
        A Farewell to Arms | Ernest Hemingway | American | 1
        The Grapes of Wrath | John Steinbeck | American | 1
        Of Mice and Men | John Steinbeck | American | 1
        To Kill a Mockingbird | Harper Lee | American | 1
        The Catcher in the Rye | J. D. Salinger | American | 1
        Fahrenheit 451 | Ray Bradbury | American | 1
        Beloved | Toni Morrison | American | 1
        Death of a Salesman | Arthur Miller | American | 1
        The Crucible | Arthur Miller | American | 1
        A Streetcar Named Desire | Tennessee Williams | American | 1
        The Sound and the Fury | William Faulkner | American | 2
        The Age of Innocence | Edith Wharton | American | 2
        Les Misérables | Victor Hugo | French | 1
        The Hunchback of Notre-Dame | Victor Hugo | French | 1
        The Three Musketeers | Alexandre Dumas | French | 1
        The Count of Monte Cristo | Alexandre Dumas | French | 1
        Madame Bovary | Gustave Flaubert | French | 1
        Candide | Voltaire | French | 1
        The Stranger | Albert Camus | French | 1
        The Plague | Albert Camus | French | 1
        The Little Prince | Antoine de Saint-Exupéry | French | 1
        Around the World in Eighty Days | Jules Verne | French | 1
        Germinal | Émile Zola | French | 2
        The Red and the Black | Stendhal | French | 2
        Tartuffe | Molière | French | 2
        In Search of Lost Time | Marcel Proust | French | 2
        Nausea | Jean-Paul Sartre | French | 2
        War and Peace | Leo Tolstoy | Russian | 1
        Anna Karenina | Leo Tolstoy | Russian | 1
        Crime and Punishment | Fyodor Dostoevsky | Russian | 1
        The Brothers Karamazov | Fyodor Dostoevsky | Russian | 1
        The Cherry Orchard | Anton Chekhov | Russian | 1
        Dead Souls | Nikolai Gogol | Russian | 2
        Eugene Onegin | Alexander Pushkin | Russian | 2
        Fathers and Sons | Ivan Turgenev | Russian | 2
        Doctor Zhivago | Boris Pasternak | Russian | 1
        The Master and Margarita | Mikhail Bulgakov | Russian | 2
        Faust | Johann Wolfgang von Goethe | German | 1
        The Sorrows of Young Werther | Johann Wolfgang von Goethe | German | 2
        The Metamorphosis | Franz Kafka | German | 1
        The Trial | Franz Kafka | German | 1
        The Magic Mountain | Thomas Mann | German | 2
        Buddenbrooks | Thomas Mann | German | 2
        Siddhartha | Hermann Hesse | German | 1
        All Quiet on the Western Front | Erich Maria Remarque | German | 1
        The Tin Drum | Günter Grass | German | 2
        William Tell | Friedrich Schiller | German | 2
        The Threepenny Opera | Bertolt Brecht | German | 2
        Don Quixote | Miguel de Cervantes | Southern | 1
        The Divine Comedy | Dante Alighieri | Southern | 1
        The Decameron | Giovanni Boccaccio | Southern | 1
        The Name of the Rose | Umberto Eco | Southern | 1
        Pinocchio | Carlo Collodi | Southern | 1
        One Hundred Years of Solitude | Gabriel García Márquez | Southern | 1
        Love in the Time of Cholera | Gabriel García Márquez | Southern | 1
        The House of the Spirits | Isabel Allende | Southern | 2
        The Alchemist | Paulo Coelho | Southern | 1
        The Iliad | Homer | ancient | 1
        The Odyssey | Homer | ancient | 1
        The Aeneid | Virgil | ancient | 1
        Metamorphoses | Ovid | ancient | 2
        Oedipus Rex | Sophocles | ancient | 1
        Medea | Euripides | ancient | 2
        Lysistrata | Aristophanes | ancient | 2
        The Little Mermaid | Hans Christian Andersen | Nordic | 1
        The Ugly Duckling | Hans Christian Andersen | Nordic | 1
        A Doll's House | Henrik Ibsen | Nordic | 1
        Peer Gynt | Henrik Ibsen | Nordic | 2
        Hunger | Knut Hamsun | Nordic | 2
        Miss Julie | August Strindberg | Nordic | 2
        Pippi Longstocking | Astrid Lindgren | Nordic | 1
        Things Fall Apart | Chinua Achebe | world | 1
        Midnight's Children | Salman Rushdie | world | 2
        The God of Small Things | Arundhati Roy | world | 2
        Norwegian Wood | Haruki Murakami | world | 2
        The Tale of Genji | Murasaki Shikibu | world | 2
        The Kite Runner | Khaled Hosseini | world | 1
        """)

    /// Work | maker | kind
    package static let artworks = FactTable(columns: 3, """
        the Mona Lisa | Leonardo da Vinci | painting
        The Last Supper in Milan | Leonardo da Vinci | painting
        The Starry Night | Vincent van Gogh | painting
        The Potato Eaters | Vincent van Gogh | painting
        The Scream | Edvard Munch | painting
        The Night Watch | Rembrandt | painting
        Girl with a Pearl Earring | Johannes Vermeer | painting
        The Birth of Venus | Sandro Botticelli | painting
        the ceiling of the Sistine Chapel | Michelangelo | painting
        The School of Athens | Raphael | painting
        Guernica | Pablo Picasso | painting
        Les Demoiselles d'Avignon | Pablo Picasso | painting
        The Persistence of Memory | Salvador Dalí | painting
        The Kiss in the Belvedere of Vienna | Gustav Klimt | painting
        Impression, Sunrise | Claude Monet | painting
        Las Meninas | Diego Velázquez | painting
        The Third of May 1808 | Francisco Goya | painting
        Liberty Leading the People | Eugène Delacroix | painting
        The Garden of Earthly Delights | Hieronymus Bosch | painting
        American Gothic | Grant Wood | painting
        Nighthawks | Edward Hopper | painting
        Campbell's Soup Cans | Andy Warhol | painting
        The Great Wave off Kanagawa | Hokusai | painting
        Wanderer above the Sea of Fog | Caspar David Friedrich | painting
        The Hay Wain | John Constable | painting
        The Fighting Temeraire | J. M. W. Turner | painting
        The Thinker | Auguste Rodin | sculpture
        the marble David in Florence | Michelangelo | sculpture
        The Magic Flute | Wolfgang Amadeus Mozart | music
        Don Giovanni | Wolfgang Amadeus Mozart | music
        The Marriage of Figaro | Wolfgang Amadeus Mozart | music
        the Moonlight Sonata | Ludwig van Beethoven | music
        Fidelio | Ludwig van Beethoven | music
        the Brandenburg Concertos | Johann Sebastian Bach | music
        The Four Seasons | Antonio Vivaldi | music
        Messiah | George Frideric Handel | music
        The Creation | Joseph Haydn | music
        Swan Lake | Pyotr Ilyich Tchaikovsky | music
        The Nutcracker | Pyotr Ilyich Tchaikovsky | music
        Aida | Giuseppe Verdi | music
        La traviata | Giuseppe Verdi | music
        Rigoletto | Giuseppe Verdi | music
        Tosca | Giacomo Puccini | music
        La bohème | Giacomo Puccini | music
        Madama Butterfly | Giacomo Puccini | music
        Carmen | Georges Bizet | music
        The Barber of Seville | Gioachino Rossini | music
        The Ring of the Nibelung | Richard Wagner | music
        Lohengrin | Richard Wagner | music
        The Rite of Spring | Igor Stravinsky | music
        Boléro | Maurice Ravel | music
        Clair de lune | Claude Debussy | music
        The Blue Danube | Johann Strauss II | music
        Rhapsody in Blue | George Gershwin | music
        The Planets | Gustav Holst | music
        Peter and the Wolf | Sergei Prokofiev | music
        Finlandia | Jean Sibelius | music
        the Peer Gynt suites | Edvard Grieg | music
        Pictures at an Exhibition | Modest Mussorgsky | music
        the New World Symphony | Antonín Dvořák | music
        Má vlast | Bedřich Smetana | music
        Symphonie fantastique | Hector Berlioz | music
        """)

    /// Thinker | what they did (third person)
    package static let philosophers = FactTable(columns: 2, """
        Socrates | taught Plato
        Plato | founded the Academy in Athens
        Aristotle | taught Alexander the Great
        Epicurus | founded a school in a garden in Athens
        Zeno of Citium | founded Stoicism
        Marcus Aurelius | was a Roman emperor and wrote Meditations
        Augustine | wrote Confessions and The City of God
        Thomas Aquinas | wrote the Summa Theologica
        René Descartes | said I think, therefore I am
        Baruch Spinoza | ground lenses and wrote the Ethics in geometric form
        Gottfried Wilhelm Leibniz | held that the world is made of monads
        John Locke | compared the mind at birth to a blank slate
        George Berkeley | held that to be is to be perceived
        David Hume | wrote A Treatise of Human Nature
        Thomas Hobbes | wrote Leviathan
        Jean-Jacques Rousseau | wrote The Social Contract
        Montesquieu | wrote The Spirit of the Laws
        Immanuel Kant | formulated the categorical imperative
        Georg Wilhelm Friedrich Hegel | wrote Phenomenology of Spirit
        Arthur Schopenhauer | wrote The World as Will and Representation
        Friedrich Nietzsche | wrote Thus Spoke Zarathustra
        Søren Kierkegaard | wrote Fear and Trembling
        Karl Marx | wrote Capital
        John Stuart Mill | wrote On Liberty
        Jeremy Bentham | founded utilitarianism and designed the panopticon
        Adam Smith | wrote The Wealth of Nations
        Niccolò Machiavelli | wrote The Prince
        Thomas More | wrote Utopia
        Francis Bacon | wrote Novum Organum
        Blaise Pascal | proposed a wager on the existence of God
        William James | was an American pragmatist and psychologist
        Ludwig Wittgenstein | wrote the Tractatus Logico-Philosophicus
        Martin Heidegger | wrote Being and Time
        Simone de Beauvoir | wrote The Second Sex
        Hannah Arendt | wrote of the banality of evil
        John Rawls | wrote A Theory of Justice
        Karl Popper | made falsifiability the mark of science
        Thomas Kuhn | wrote of paradigm shifts in science
        Michel Foucault | wrote Discipline and Punish
        Confucius | is the teacher whose sayings fill the Analects
        Laozi | is the legendary author of the Tao Te Ching
        Sun Tzu | wrote The Art of War
        """)

    /// Figure | who they are | tradition
    package static let gods = FactTable(columns: 3, """
        Zeus | king of the gods | Greek
        Hera | queen of the gods | Greek
        Poseidon | god of the sea | Greek
        Hades | god of the underworld | Greek
        Athena | goddess of wisdom | Greek
        Aphrodite | goddess of love | Greek
        Ares | god of war | Greek
        Artemis | goddess of the hunt | Greek
        Hermes | messenger of the gods | Greek
        Hephaestus | god of fire and the forge | Greek
        Dionysus | god of wine | Greek
        Demeter | goddess of the harvest | Greek
        Jupiter | king of the gods | Roman
        Juno | queen of the gods | Roman
        Neptune | god of the sea | Roman
        Pluto | god of the underworld | Roman
        Minerva | goddess of wisdom | Roman
        Venus | goddess of love | Roman
        Mars | god of war | Roman
        Diana | goddess of the hunt | Roman
        Mercury | messenger of the gods | Roman
        Vulcan | god of fire and the forge | Roman
        Bacchus | god of wine | Roman
        Ceres | goddess of the harvest | Roman
        Odin | chief of the gods | Norse
        Thor | god of thunder | Norse
        Loki | trickster among the gods | Norse
        Freyja | goddess of love | Norse
        Baldur | god killed by mistletoe | Norse
        Heimdall | watchman of the gods | Norse
        Ra | god of the sun | Egyptian
        Osiris | ruler of the dead | Egyptian
        Anubis | jackal-headed god of mummification | Egyptian
        Isis | wife of Osiris | Egyptian
        Horus | falcon-headed god of the sky | Egyptian
        Thoth | god of writing | Egyptian
        Bastet | cat-headed goddess | Egyptian
        Brahma | creator god | Hindu
        Vishnu | preserver god | Hindu
        Shiva | destroyer god | Hindu
        Ganesha | elephant-headed god | Hindu
        Hanuman | monkey god | Hindu
        Lakshmi | goddess of wealth | Hindu
        """)
}
