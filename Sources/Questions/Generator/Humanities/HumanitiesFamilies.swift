/// Geography, history, literature and the arts, philosophy, society, language.
enum HumanitiesFamilies {
    static let all: [QuestionFamily] = [
        capitals, continents, languages, currencies, nationalities, cities, landmarks, chronology, centuries, years, reigns,
        authors, artworks, philosophers, mythology, institutions, society, opposites, pasts, plurals, fallacies, arguments,
    ]
}
