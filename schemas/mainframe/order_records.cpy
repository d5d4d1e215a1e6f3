      * Orders of the mainframe as records. An order, its lines and
      * their features follow each other; the trailer counts them.
       01  FILE-HEADER.
           05  REC-TYPE            PIC X.
           05  SENDER              PIC X(8).
           05  FILE-NO             PIC 9(6).
           05  FILE-DATE           PIC 9(8).
           05  FIRST-FILE-NO       PIC 9(6).
       01  ORDER-RECORD.
           05  REC-TYPE            PIC X.
           05  MSG-ID              PIC X(16).
           05  ORD-NO              PIC 9(10).
           05  REV-NO              PIC 9(3).
           05  CUST-NO             PIC 9(8).
           05  BILL-CUST           PIC 9(8).
           05  DUE-DATE            PIC 9(8).
           05  CURR                PIC X(3).
       01  LINE-RECORD.
           05  REC-TYPE            PIC X.
           05  LINE-NO             PIC 9(5)       COMP-3.
           05  PARENT-LINE-NO      PIC 9(5)       COMP-3.
           05  SVC-REF             PIC X(20).
           05  ACTN                PIC X.
               88  IS-ADD          VALUE 'A'.
               88  IS-CHANGE       VALUE 'C'.
               88  IS-DELETE       VALUE 'D'.
               88  IS-UNCHANGED    VALUE 'N'.
           05  PROD-CD             PIC X(8).
           05  QTY                 PIC 9(5)V99    COMP-3.
           05  PHONE               PIC X(15).
           05  PRICE               PIC S9(7)V99   COMP-3.
           05  PRICE-TYPE          PIC X.
           05  BILL-CUST           PIC 9(8).
           05  DUE-DATE            PIC 9(8).
       01  FEATURE-RECORD.
           05  REC-TYPE            PIC X.
           05  FEATURE-NAME        PIC X(30).
           05  FEATURE-VALUE       PIC X(40).
           05  ACTN                PIC X.
       01  FILE-TRAILER.
           05  REC-TYPE            PIC X.
           05  ORDER-COUNT         PIC 9(8).
           05  LINE-COUNT          PIC 9(8).
           05  PRICE-TOTAL         PIC S9(11)V99  COMP-3.
