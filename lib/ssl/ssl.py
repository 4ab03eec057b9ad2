# The names of usocket_ssl. MIT license.
from usocket_ssl import *
