      * The answer to an order: what became of it, line by line.
       01  ANSWER-RECORD.
           05  REC-TYPE            PIC X.
           05  MSG-ID              PIC X(255).
           05  STATE               PIC X(3).
           05  ORD-NO              PIC X(64).
           05  REV-NO              PIC 9(3).
           05  HUB-ORD-NO          PIC X(64).
       01  ANSWER-LINE.
           05  REC-TYPE            PIC X.
           05  LINE-REF            PIC X(255).
           05  HUB-REF             PIC X(64).
       01  ANSWER-ERROR.
           05  REC-TYPE            PIC X.
           05  REASON              PIC X(40).
           05  WHAT                PIC X(250).
