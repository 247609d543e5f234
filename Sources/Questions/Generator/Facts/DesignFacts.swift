/// Design patterns (Gamma, Helm, Johnson, Vlissides: Design Patterns, 1994), principles, and git's commands (git's manual pages).
enum DesignFacts {
    /// Pattern | what it does (third person) | kind
    static let patterns = FactTable(columns: 3, """
        abstract factory | creates families of related objects without naming their classes | creational
        builder | constructs a complex object step by step | creational
        factory method | lets subclasses decide which class to instantiate | creational
        prototype | makes new objects by copying an existing one | creational
        singleton | makes sure that a class has only one instance | creational
        adapter | converts the interface of a class into another that clients expect | structural
        bridge | separates an abstraction from its implementation so that both can vary | structural
        composite | treats single objects and trees of objects alike | structural
        decorator | adds duties to an object by wrapping it in another of the same interface | structural
        facade | gives a simple interface to a complicated subsystem | structural
        flyweight | shares common state among many small objects to save memory | structural
        proxy | puts a stand-in before an object to control access to it | structural
        chain of responsibility | passes a request along handlers until one deals with it | behavioural
        command | turns a request into an object that can be stored and undone | behavioural
        interpreter | represents the grammar of a language as classes and evaluates sentences | behavioural
        iterator | visits the elements of a collection without exposing how it is built | behavioural
        mediator | lets one object coordinate others so that they need not know each other | behavioural
        memento | captures an object's state so that it can be restored later | behavioural
        observer | tells dependent objects automatically when an object changes | behavioural
        state | lets an object change its behaviour when its internal state changes | behavioural
        strategy | makes interchangeable algorithms of one family selectable at run time | behavioural
        template method | fixes the skeleton of an algorithm and leaves steps to subclasses | behavioural
        visitor | adds an operation to a structure of objects without changing their classes | behavioural
        """)

    /// What is done in a program | the pattern
    static let scenes = FactTable(columns: 2, """
        one shared registry object is created on first use and returned to every caller | singleton
        the class has a private constructor and hands out its only instance | singleton
        a query is put together by chained calls and made by a final build() | builder
        a report is assembled part by part before it is returned finished | builder
        new items are made by cloning a configured sample item | prototype
        copies of a template object are made with clone() and then changed | prototype
        a subclass overrides createDialog() to choose the class of the dialog | factory method
        the base class calls create(), which each subclass implements with its own product | factory method
        one object makes matching buttons, menus and windows for each look | abstract factory
        switching one object changes the whole family of widgets that is made | abstract factory
        a wrapper gives an old library the interface that the new code expects | adapter
        a class translates calls of our interface into calls of a foreign one | adapter
        a group of shapes is drawn with the same call as a single shape | composite
        folders and files share one interface, and a folder's size is the sum over its children | composite
        streams are wrapped in others of the same interface that compress and encrypt | decorator
        borders and scroll bars are added to a view by wrapping it at run time | decorator
        one class with three simple methods hides twenty classes of a subsystem | facade
        a single call starts many parts in the right order so that callers need not know them | facade
        thousands of letters on a page share one glyph object for each character | flyweight
        equal textures are kept once and shared by many small objects | flyweight
        a stand-in loads the large picture only when it is first shown | proxy
        a stand-in with the same interface checks rights before it forwards the call | proxy
        shapes and the drawing engines that render them form two separate hierarchies | bridge
        a request goes from handler to handler until one of them accepts it | chain of responsibility
        support tickets climb from level to level until someone can solve them | chain of responsibility
        each user action is an object with execute() and undo() | command
        actions are put in a queue as objects and run later | command
        a class for each grammar rule evaluates formulas that users type | interpreter
        a tree can be walked with next() without knowing how it is stored | iterator
        controls never talk to each other but only to the dialog that coordinates them | mediator
        a control tower object passes all messages so that planes need not know each other | mediator
        a snapshot of an object's private state is kept to go back to it later | memento
        views register with a model and are called whenever it changes | observer
        subscribers are notified each time a price changes | observer
        an order behaves differently when open, paid or shipped, through an object for each phase | state
        a player's buttons do different things as its current mode object is replaced by the next | state
        the caller passes in one of several interchangeable ways to compute the fee | strategy
        the sorting algorithm is an object that can be exchanged at run time | strategy
        the base class fixes the order of the steps and subclasses fill in some of them | template method
        an abstract class runs open, parse and close, and subclasses implement parse | template method
        a new operation over all node types is added as one class with a method for each type | visitor
        nodes have accept(v), which calls back the method of v for their own type | visitor
        """)

    /// Patterns that a scene could also be taken for, which must not stand beside it.
    static let confused: [String: Set<String>] = [
        "strategy": ["state", "bridge"], "state": ["strategy"], "factory method": ["template method", "abstract factory"], "template method": ["factory method", "strategy"],
        "abstract factory": ["factory method", "bridge"], "proxy": ["decorator", "adapter"], "decorator": ["proxy", "composite", "chain of responsibility"],
        "adapter": ["facade", "proxy", "bridge", "decorator"], "facade": ["adapter", "mediator"], "mediator": ["facade", "observer"], "observer": ["mediator"],
        "command": ["memento", "strategy"], "memento": ["command", "prototype"], "interpreter": ["composite", "visitor"], "composite": ["decorator", "interpreter"],
        "visitor": ["interpreter", "iterator"], "singleton": ["flyweight"], "flyweight": ["singleton", "prototype"], "bridge": ["strategy", "adapter"],
        "builder": ["abstract factory", "factory method"], "prototype": ["memento", "builder"], "chain of responsibility": ["decorator"], "iterator": ["visitor"],
    ]

    static let products = [
        "chess program", "text editor", "web shop", "drawing program", "music player", "video game", "bank's system", "weather app", "mail client", "spreadsheet",
        "photo editor", "ticket machine", "flight simulator", "hospital's system", "library's catalogue", "route planner", "chat program", "school's timetable program", "parking app",
        "warehouse system", "news reader", "calendar", "tax program", "film archive", "restaurant's ordering system", "map viewer", "quiz game", "file manager", "train booking site",
        "farm's control program", "voting system", "museum guide", "robot's software", "sports tracker", "compiler", "web browser", "backup program", "password manager", "city guide",
        "language course", "recipe collection", "job portal", "delivery service", "car configurator", "smart home", "elevator control", "insurance system", "auction site", "radio app", "travel diary",
    ]

    /// Principle | what it says (a clause) | kind
    static let principles = FactTable(columns: 3, """
        single responsibility principle | a class should have only one reason to change | SOLID
        open-closed principle | software should be open for extension but closed for modification | SOLID
        Liskov substitution principle | objects of a subclass must be usable wherever the base class is expected | SOLID
        interface segregation principle | no client should depend on methods that it does not use | SOLID
        dependency inversion principle | high-level modules should depend on abstractions and not on low-level modules | SOLID
        don't repeat yourself | every piece of knowledge should have one place in a system | rule
        you aren't gonna need it | nothing should be built before it is needed | rule
        keep it simple | the simplest design that works is to be preferred | rule
        law of Demeter | an object should talk only to its immediate friends | rule
        separation of concerns | different matters should be handled in different parts of a program | rule
        principle of least astonishment | a part should behave as its users expect | rule
        composition over inheritance | behaviour should be reused by containing objects rather than by extending classes | rule
        fail fast | a program should report an error as soon as it can be noticed | rule
        Conway's law | systems mirror the communication structure of the organisation that builds them | law
        Brooks's law | adding people to a late project makes it later | law
        Amdahl's law | the part that cannot run in parallel limits the speed-up | law
        Moore's law | the number of transistors on a chip doubles about every two years | law
        Postel's law | one should be strict in what one sends and liberal in what one accepts | law
        Hyrum's law | with enough users every observable behaviour of an interface will be depended on by somebody | law
        Goodhart's law | a measure that becomes a target ceases to be a good measure | law
        CAP theorem | a partitioned distributed system must give up consistency or availability | law
        """)

    /// Name | what it is | kind
    static let practices = FactTable(columns: 3, """
        continuous integration | merging everybody's work often, with an automatic build and tests | delivery
        continuous delivery | keeping software in a state that can be released at any time | delivery
        blue-green deployment | switching traffic between two identical environments to release a version | delivery
        canary release | giving a new version to a few users first | delivery
        feature flag | a switch that turns a function on or off without a new release | delivery
        rollback | going back to the version before after a failed release | delivery
        unit testing | checking one small part of a program alone | testing
        integration testing | checking that several parts work together | testing
        regression testing | checking that what worked before still works after a change | testing
        fuzz testing | feeding random input to a program to make it fail | testing
        load testing | checking how a system behaves under many requests | testing
        mutation testing | changing a program on purpose to see whether its tests notice | testing
        test-driven development | writing a failing test before the code that makes it pass | testing
        acceptance testing | checking with the customer that the software does what was agreed | testing
        mock object | a stand-in that records how it is called in a test | testing
        microservices | building an application from small services that are deployed on their own | architecture
        monolith | an application that is built and deployed as one piece | architecture
        layered architecture | an arrangement in which each level uses only the one below | architecture
        event-driven architecture | an arrangement in which parts react to messages about what happened | architecture
        model-view-controller | splitting a user interface into data, presentation and input handling | architecture
        client-server architecture | an arrangement in which many programs ask one for a service | architecture
        load balancer | a part that spreads requests over several servers | architecture
        message queue | a buffer through which programs send each other work to be done later | architecture
        dependency injection | handing an object what it needs from outside instead of letting it make it | technique
        refactoring | improving the structure of code without changing what it does | technique
        pair programming | two people writing code together at one computer | technique
        code review | somebody else reading a change before it is merged | technique
        technical debt | the later cost of a quick solution today | technique
        lazy loading | fetching data only when it is needed | technique
        caching | keeping results for when they are needed again | technique
        idempotence | giving the same result when done once or many times | technique
        """)

    /// Command | what it does (third person) | kind
    static let gitCommands = FactTable(columns: 3, """
        git init | creates an empty repository in the current folder | basic
        git clone | copies a remote repository with its history | basic
        git add | puts changes of a file into the index for the next commit | basic
        git commit | records what is staged as a new point of history | basic
        git status | lists which files are changed, staged or untracked | basic
        git log | shows the commits that lead to the current one | basic
        git diff | shows changes that are not staged yet | basic
        git push | sends commits to a remote repository | basic
        git pull | fetches from a remote repository and merges into the current branch | basic
        git fetch | downloads commits from a remote repository without merging them | basic
        git branch | lists the branches | basic
        git switch | changes to another branch | basic
        git merge | joins the history of another branch into the current one | basic
        git rm | removes a file from the working tree and the index | basic
        git mv | renames a file and stages that | basic
        git tag | gives a commit a fixed name such as a version | basic
        git help | opens the manual page of a command | basic
        git show | displays one commit with its changes | basic
        git remote | manages the names and addresses of other repositories | basic
        git config | sets options such as the user's name | basic
        git rebase | reapplies commits on top of another base | advanced
        git cherry-pick | applies the change of one given commit to the current branch | advanced
        git revert | makes a new commit that undoes an earlier one | advanced
        git reset --hard | moves the branch to a commit and throws away changes in the working tree | advanced
        git reset --soft | moves the branch to a commit but keeps index and working tree | advanced
        git stash | puts uncommitted changes aside and cleans the working tree | advanced
        git stash pop | brings back the changes that were put aside last | advanced
        git bisect | finds the commit that brought a bug by halving the history | advanced
        git blame | shows who last changed each line of a file | advanced
        git reflog | lists where HEAD and branches pointed before | advanced
        git commit --amend | replaces the last commit by a corrected one | advanced
        git restore --staged | takes a file out of the index without touching the working tree | advanced
        git diff --staged | shows what the next commit would record | advanced
        git branch -d | deletes a branch that has been merged | advanced
        git clean | deletes untracked files | advanced
        git worktree | checks out several branches in separate folders at once | advanced
        git submodule | embeds another repository at a fixed commit | advanced
        git gc | packs objects and removes what nothing refers to any more | advanced
        git merge --squash | stages the changes of another branch as one without recording a merge | advanced
        git fetch --prune | downloads and removes references to remote branches that are gone | advanced
        git describe | names a commit by the nearest tag before it | advanced
        git shortlog | lists commits grouped by author | advanced
        """)
}
