/// Programming in tables.
package enum ProgrammingFacts {
    /// Term | what it is | kind
    package static let commonTerms = FactTable(columns: 3, """
        bug | a mistake in a program | practice
        debugging | finding and removing mistakes in a program | practice
        testing | running a program to check that it works | practice
        comment | a note in the code that the computer ignores | language
        variable | a named place that holds a value | language
        constant | a value that never changes | language
        function | a named block of code that can be called | language
        parameter | a name in a function's definition that receives a value | language
        loop | a part of a program that is repeated | language
        string | a value that is a piece of text | type
        integer | a value that is a whole number | type
        boolean | a value that is either true or false | type
        float | a value that is a number with a decimal point | type
        list | an ordered collection of items that can change | type
        dictionary | a collection of keys with their values | type
        recursion | a function calling itself | language
        compiler | a program that translates source code into machine code | tool
        interpreter | a program that runs source code line by line | tool
        editor | a program for writing source code | tool
        debugger | a tool for stepping through a running program | tool
        browser | a program that shows web pages | tool
        algorithm | a step-by-step method for solving a problem | idea
        pseudocode | an informal description of a program in plain words | idea
        flowchart | a diagram of the steps of a program | idea
        stack | a structure where the last item in is the first out | structure
        queue | a structure where the first item in is the first out | structure
        tree | a structure of nodes with one root and branches | structure
        graph | a structure of nodes joined by edges | structure
        array | a row of items of the same type in memory | structure
        class | a blueprint from which objects are made | objects
        object | an instance of a class | objects
        method | a function that belongs to a class | objects
        inheritance | a class taking over the features of another class | objects
        syntax | the rules for how code must be written | idea
        operator | a symbol such as + or * that works on values | language
        bit | the smallest unit of data, 0 or 1 | data
        byte | a group of eight bits | data
        pixel | a single point of a digital picture | data
        database | an organised store of data | data
        backup | a spare copy of data | data
        password | a secret word that protects an account | security
        virus | a program that copies itself and does harm | security
        firewall | a barrier that filters network traffic | security
        encryption | turning data into a secret code | security
        phishing | tricking people into giving away passwords with false messages | security
        server | a computer that answers requests over a network | network
        client | a program that sends requests to a server | network
        router | a device that passes data between networks | network
        download | copying data from the internet to a computer | network
        upload | copying data from a computer to the internet | network
        """)

    /// Term | what it is | kind
    package static let furtherTerms = FactTable(columns: 3, """
        polymorphism | one interface working with objects of different classes | objects
        encapsulation | hiding an object's data behind its methods | objects
        abstraction | leaving out details that do not matter | objects
        constructor | the method that sets up a new object | objects
        interface | a list of methods that a class promises to have | objects
        singleton | the pattern that allows only one instance of a class | pattern
        observer | the pattern in which objects are told when another changes | pattern
        factory | the pattern that leaves the making of objects to a method | pattern
        adapter | the pattern that makes one interface look like another | pattern
        decorator | the pattern that wraps an object to add behaviour | pattern
        iterator | the pattern that visits the items of a collection one by one | pattern
        deadlock | two threads waiting for each other forever | concurrency
        race condition | a result that depends on the timing of threads | concurrency
        mutex | a lock that lets one thread in at a time | concurrency
        semaphore | a counter that limits how many threads may enter | concurrency
        hash table | a structure that finds values by a computed index | structure
        linked list | a chain of nodes each pointing to the next | structure
        heap | a tree in which every parent is at least as large as its children | structure
        binary search tree | a tree with smaller keys left and larger keys right | structure
        trie | a tree that stores words by their letters | structure
        binary search | halving a sorted list again and again to find an item | algorithm
        merge sort | splitting a list, sorting the halves and merging them | algorithm
        quicksort | sorting by splitting a list around a pivot | algorithm
        bubble sort | sorting by swapping neighbours again and again | algorithm
        breadth-first search | visiting a graph level by level | algorithm
        depth-first search | following each path of a graph to its end before going back | algorithm
        memoisation | keeping results of calls to avoid computing them again | technique
        refactoring | improving the structure of code without changing what it does | technique
        unit test | a test of one small part of a program | technique
        code review | another person reading code before it is accepted | technique
        version control | a system that records changes to files | tool
        garbage collection | freeing memory that is no longer used automatically | memory
        memory leak | memory that is never given back | memory
        pointer | a variable that holds a memory address | memory
        stack overflow | too many nested calls for the call stack | memory
        primary key | the column that identifies each row of a table | database
        foreign key | a column that refers to a row of another table | database
        index | a structure that speeds up searching a table | database
        transaction | a group of database changes that happen all or not at all | database
        normalisation | splitting tables to avoid storing facts twice | database
        """)

    /// Operation | complexity
    package static let complexities = FactTable(columns: 2, """
        binary search in a sorted list | O(log n)
        linear search in a list | O(n)
        reading an array item by its index | O(1)
        merge sort | O(n log n)
        heapsort | O(n log n)
        bubble sort in the worst case | O(n^2)
        insertion sort in the worst case | O(n^2)
        selection sort | O(n^2)
        quicksort in the worst case | O(n^2)
        quicksort on average | O(n log n)
        pushing an item on a stack | O(1)
        popping an item from a stack | O(1)
        a hash table lookup on average | O(1)
        a hash table lookup in the worst case | O(n)
        finding the largest item of an unsorted list | O(n)
        summing the items of a list | O(n)
        inserting at the front of an array | O(n)
        inserting at the front of a linked list | O(1)
        searching a balanced binary search tree | O(log n)
        inserting into a binary heap | O(log n)
        reading the top of a binary heap | O(1)
        reversing a list | O(n)
        adding two n by n matrices | O(n^2)
        multiplying two n by n matrices by the school method | O(n^3)
        comparing every pair of n items | O(n^2)
        listing all subsets of n items | O(2^n)
        """)

    /// Name | what it does (third person) | kind
    package static let pythonNames = FactTable(columns: 3, """
        len | returns the number of items | function
        print | writes text to the screen | function
        input | reads a line that the user types | function
        range | gives a sequence of whole numbers | function
        sorted | returns a new list in order | function
        sum | adds up all items | function
        max | returns the largest item | function
        min | returns the smallest item | function
        abs | returns a number without its sign | function
        round | rounds a number | function
        int | turns a text into a whole number | function
        str | turns a value into a text | function
        float | turns a text into a decimal number | function
        type | tells the class of a value | function
        open | opens a file | function
        zip | pairs the items of two lists | function
        enumerate | gives each item with its index | function
        reversed | gives the items from last to first | function
        ord | returns the code of a character | function
        chr | returns the character of a code | function
        append | adds one item to the end of a list | list method
        extend | adds all items of another list to the end | list method
        insert | puts an item at a given place | list method
        remove | deletes the first item of a given value | list method
        pop | removes and returns the last item | list method
        sort | puts a list in order in place | list method
        reverse | turns a list around in place | list method
        clear | removes all items of a list | list method
        upper | makes all letters capital | string method
        lower | makes all letters small | string method
        strip | removes spaces from both ends | string method
        split | cuts a text into a list of words | string method
        join | puts a list of texts together | string method
        replace | exchanges one piece of text for another | string method
        startswith | tests how a text begins | string method
        endswith | tests how a text ends | string method
        find | returns the position of a piece of text | string method
        isdigit | tests whether all characters are digits | string method
        def | begins a function | keyword
        return | gives a value back from a function | keyword
        class | begins a class | keyword
        import | loads a module | keyword
        for | begins a loop over items | keyword
        while | begins a loop that runs as long as a condition holds | keyword
        break | leaves a loop at once | keyword
        continue | goes on with the next turn of a loop | keyword
        if | begins a condition | keyword
        else | begins the branch for when no condition held | keyword
        elif | begins a further condition after an if | keyword
        try | begins code whose errors are caught | keyword
        except | begins the handling of an error | keyword
        raise | reports an error | keyword
        lambda | makes a function without a name | keyword
        pass | does nothing | keyword
        with | opens something and closes it at the end of the block | keyword
        yield | gives a value from a generator | keyword
        """)
}
