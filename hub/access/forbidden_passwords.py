"""Words that make no password, alone or one after the other, with whatever digits and signs between them.

A list of whole passwords would need thousands of lines for the same: Password1234, Summer2026!, qwertyuiop12.

Source: OWASP ASVS 5.0, 6.2.4, 6.2.11 (passwords in common use; words of the application).
"""

from __future__ import annotations

_LIST = """
    access account admin administrator alpha amanda andrea andrew angel apple april ashley asdf asdfgh asdfghjkl august
    austin autumn azerty baby baseball basketball batman bailey because berlin billing buster butterfly callcenter
    change changeit changeme charlie cheese chelsea chocolate christmas company computer cookie customer daniel december
    default demo donald dragon elephant england family february flower football forever freedom friday fuckyou george
    ginger google guest harley hannah hello hockey house hunter hub iloveyou internet jackson january jasmine jennifer
    jessica jordan joshua july june justin killer klaster knight letmein liverpool login london love lovely maggie
    manager march master matrix matthew maximum michael michelle monday monkey monster mother mustang my mynoob new
    nicole november october one operator order orderhub orders pass passw password passwort pepper phone please portal
    princess private purple qazwsx qazwsxedc qwer qwert qwerty qwertyuiop qwertz ranger robert root samsung saturday
    secret secure security september server service shadow snoopy soccer spring starwars summer sunday sunshine superman
    support system telecom temp test tester testing the thomas three thursday tigger tiger trustno trustnoone tuesday
    two user username wednesday welcome whatever william winter wizard yellow you your zaq zxcvbn zxcvbnm abc abcd abcde
    abcdef abcdefg abcdefgh abcdefghij abcdefghijkl aaa bbb ccc xxx xyz yyy zzz
"""
#: In small letters, without digits and signs.
WORDS = frozenset(_LIST.split())
