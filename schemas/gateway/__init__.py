"""The XML Gateway's format: requests for the rows of a business component, and the replies.

What comes in: the bytes of a request or a reply; or a request or reply that is to become such bytes.
What goes out: `messages.Request`, `messages.Reply` and `messages.Status`, or bytes.
Who calls it: adapters/ and hub/, which ask a mainframe for rows, and answer legacy systems that ask for rows.
"""
