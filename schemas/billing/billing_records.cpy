      * Billing records: lines of 500 characters. A header, a detail
      * for each completed line, a trailer with count and total.
       01  HEADER.
           05  REC-TYPE          PIC X.
           05  EVENT-ID          PIC X(128).
           05  EVENT-TYPE        PIC X(64).
           05  EVENT-TIME        PIC X(14).
           05  ORDER-NO          PIC X(64).
           05  ORDER-REVISION    PIC 9(6).
           05  ACCOUNT-ID        PIC X(64).
           05  BILLING-ACCOUNT   PIC X(64).
           05  CURRENCY          PIC X(30).
           05  FILLER            PIC X(65).
       01  DETAIL.
           05  REC-TYPE          PIC X.
           05  DETAIL-NO         PIC 9(6).
           05  LINE-ID           PIC X(64).
           05  PRODUCT           PIC X(100).
           05  ACTN              PIC X(6).
           05  PRICE-TYPE        PIC X(30).
           05  QUANTITY          PIC 9(7)V9(7).
           05  PRICE             PIC S9(15)V9(7)
                                 SIGN LEADING SEPARATE.
           05  START-DATE        PIC X(8).
           05  END-DATE          PIC X(8).
           05  BILLING-ACCOUNT   PIC X(64).
           05  SERVICE-ID        PIC X(100).
           05  CHANGE-DATE       PIC X(8).
      *    Suspend, Resume; Reverse, then ACTN is what is undone.
           05  CHANGE-KIND       PIC X(7).
           05  REVERSED-DATE     PIC X(8).
           05  FILLER            PIC X(53).
       01  TRAILER.
           05  REC-TYPE          PIC X.
           05  DETAIL-COUNT      PIC 9(9).
           05  PRICE-TOTAL       PIC S9(21)V9(7)
                                 SIGN LEADING SEPARATE.
           05  FILLER            PIC X(461).
