      * The answer to a file of orders: what became of each of them.
       01  ANSWER-HEADER.
           05  REC-TYPE            PIC X.
           05  FILE-NO             PIC X(6).
           05  BATCH-ID            PIC X(36).
           05  STATE               PIC X(3).
       01  FILE-ERROR.
           05  REC-TYPE            PIC X.
           05  REASON              PIC X(40).
           05  WHAT                PIC X(250).
           05  PLACE               PIC X(250).
           05  WHY                 PIC X(250).
       01  ORDER-ANSWER.
           05  REC-TYPE            PIC X.
           05  POSITION-NO         PIC 9(7).
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
       01  ANSWER-TRAILER.
           05  REC-TYPE            PIC X.
           05  ORDER-COUNT         PIC 9(7).
           05  ACCEPTED-COUNT      PIC 9(7).
           05  REFUSED-COUNT       PIC 9(7).
