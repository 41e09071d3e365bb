"""HTCondor pools. What talks to one does so in a process of its own (`child`), for htcondor2 holds the GIL.

In the service's process are `cluster`, which speaks the words of `clusters.base`, `process`, which starts the child
and ends it when it takes too long, and what is pure: `submit`, `ads`, `eventlog`, `tokens`. Only `schedd` and `slots`
import htcondor2 and classad2, and only the child imports these.
"""
