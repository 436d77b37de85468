"""sipvicious' svcrack as it is, but for one fault: version 0.3.3 stops with a KeyError as soon as it reuses a nonce
(-n), because it forgets what else stood in the challenge. Here it remembers."""

import os
import shutil
import sys

command = shutil.which('svcrack')
if command is None:
    sys.exit('svcrack is not in PATH')
sys.path.insert(0, os.path.dirname(os.path.realpath(command)))

from sipvicious import svcrack  # noqa: E402


class Credentials(dict):
    """What svcrack keeps about one guess; what it has left out is as in the challenge."""

    challenge: dict = {}

    def __missing__(self, key):
        return Credentials.challenge.get(key)


class Guesser(svcrack.ASipOfRedWine):
    def getResponse(self):
        super().getResponse()
        if self.challenges:
            names = ('nonce', 'cid', 'qop', 'algorithm', 'opaque')
            Credentials.challenge = dict(zip(names, self.challenges[0]))


svcrack.dict = Credentials
svcrack.ASipOfRedWine = Guesser
sys.argv[0] = 'svcrack'
svcrack.main()
