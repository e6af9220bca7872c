# SPDX-License-Identifier: GPL-2.0-only
"""Keys: names of a scenario (Linux's KEY_ names in lower case), their Linux
codes, QEMU's names, and the US layout."""

_TABLE = """
esc 1 esc|1 2 1|2 3 2|3 4 3|4 5 4|5 6 5|6 7 6|7 8 7|8 9 8|9 10 9|0 11 0
minus 12 minus|equal 13 equal|backspace 14 backspace|tab 15 tab
q 16 q|w 17 w|e 18 e|r 19 r|t 20 t|y 21 y|u 22 u|i 23 i|o 24 o|p 25 p
leftbrace 26 bracket_left|rightbrace 27 bracket_right|enter 28 ret
leftctrl 29 ctrl|a 30 a|s 31 s|d 32 d|f 33 f|g 34 g|h 35 h|j 36 j|k 37 k
l 38 l|semicolon 39 semicolon|apostrophe 40 apostrophe|grave 41 grave_accent
leftshift 42 shift|backslash 43 backslash|z 44 z|x 45 x|c 46 c|v 47 v|b 48 b
n 49 n|m 50 m|comma 51 comma|dot 52 dot|slash 53 slash|rightshift 54 shift_r
kpasterisk 55 kp_multiply|leftalt 56 alt|space 57 spc|capslock 58 caps_lock
f1 59 f1|f2 60 f2|f3 61 f3|f4 62 f4|f5 63 f5|f6 64 f6|f7 65 f7|f8 66 f8
f9 67 f9|f10 68 f10|numlock 69 num_lock|scrolllock 70 scroll_lock
kp7 71 kp_7|kp8 72 kp_8|kp9 73 kp_9|kpminus 74 kp_subtract|kp4 75 kp_4
kp5 76 kp_5|kp6 77 kp_6|kpplus 78 kp_add|kp1 79 kp_1|kp2 80 kp_2|kp3 81 kp_3
kp0 82 kp_0|kpdot 83 kp_decimal|102nd 86 less|f11 87 f11|f12 88 f12|ro 89 ro
kpenter 96 kp_enter|rightctrl 97 ctrl_r|kpslash 98 kp_divide
rightalt 100 alt_r|home 102 home|up 103 up|pageup 104 pgup|left 105 left
right 106 right|end 107 end|down 108 down|pagedown 109 pgdn|insert 110 insert
delete 111 delete|mute 113 audiomute|volumedown 114 volumedown
volumeup 115 volumeup|yen 124 yen|leftmeta 125 meta_l|rightmeta 126 meta_r
compose 127 compose
"""

# name -> (Linux code, QEMU's qcode)
KEYS = {}
for _entry in _TABLE.replace("\n", "|").split("|"):
    if _entry:
        _name, _code, _qcode = _entry.split()
        KEYS[_name] = (int(_code), _qcode)

BUTTONS = {"left": 0x110, "right": 0x111, "middle": 0x112, "side": 0x113,
           "extra": 0x114}

_PLAIN = dict(zip("-=[];'`\\,./ \t",
                  ("minus", "equal", "leftbrace", "rightbrace", "semicolon",
                   "apostrophe", "grave", "backslash", "comma", "dot", "slash",
                   "space", "tab")))
_SHIFTED = dict(zip('!@#$%^&*()_+{}:"~|<>?',
                    ("1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "minus",
                     "equal", "leftbrace", "rightbrace", "semicolon",
                     "apostrophe", "grave", "backslash", "comma", "dot",
                     "slash")))


def strokes(text):
    """The (key, shifted) of each character; ValueError for one that a US
    keyboard does not have."""
    out = []
    for c in text:
        if c in _SHIFTED:
            out.append((_SHIFTED[c], True))
        elif c in _PLAIN:
            out.append((_PLAIN[c], False))
        elif c.isascii() and c.isalnum():
            out.append((c.lower(), c.isupper()))
        else:
            raise ValueError(f"no key for {c!r} on a US keyboard")
    return out
