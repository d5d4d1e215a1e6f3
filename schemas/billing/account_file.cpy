      * Accounts as billing keeps them: lines of 292 characters.
      * A file of data has ACCOUNT-RECORDs, an answer ANSWER-RECORDs.
       01  FILE-HEADER.
           05  REC-TYPE          PIC X.
           05  FILE-NO           PIC 9(8).
           05  FILE-KIND         PIC X(6).
      *    The file that an answer or a resubmission is for.
           05  OF-NO             PIC 9(8).
           05  MADE-AT           PIC X(14).
           05  VERDICT           PIC X(8).
           05  REASON            PIC X(40).
           05  REASON-TEXT       PIC X(200).
           05  FILLER            PIC X(7).
       01  ACCOUNT-RECORD.
           05  REC-TYPE          PIC X.
           05  OPERATION         PIC X.
           05  CUST-NO           PIC X(20).
           05  CUST-NAME         PIC X(40).
           05  CUST-STAT         PIC X.
           05  CREDIT-LIMIT      PIC S9(9)V99
                                 SIGN LEADING SEPARATE.
           05  PHONE             PIC X(20).
           05  EMAIL             PIC X(40).
           05  STREET            PIC X(40).
           05  CITY              PIC X(30).
           05  POSTAL-CODE       PIC X(10).
           05  COUNTRY           PIC X(20).
           05  CONTACT-FIRST     PIC X(20).
           05  CONTACT-LAST      PIC X(20).
           05  CHANGED-AT        PIC X(14).
           05  FILLER            PIC X(3).
       01  ANSWER-RECORD.
           05  REC-TYPE          PIC X.
           05  POSITION-NO       PIC 9(9).
           05  CUST-NO           PIC X(20).
           05  OUTCOME           PIC X(8).
           05  REASON            PIC X(40).
           05  REASON-TEXT       PIC X(200).
      *    The answering side's version of the record from now on.
           05  CHANGED-AT        PIC X(14).
       01  FILE-TRAILER.
           05  REC-TYPE          PIC X.
           05  RECORD-COUNT      PIC 9(9).
           05  HASH-TOTAL        PIC 9(10).
           05  CREDITS           PIC 9(13)V99.
           05  DEBITS            PIC 9(13)V99.
           05  DIGEST            PIC X(32).
           05  ACCEPTED-COUNT    PIC 9(9).
           05  KEPT-COUNT        PIC 9(9).
           05  REJECTED-COUNT    PIC 9(9).
           05  FILLER            PIC X(183).
