"""Answers for more pictures than anybody waits for: a fixed plan, a file a shard, resumable.

`plan` numbers the pictures. `shard` answers a stretch of them, the same bytes whoever does it and
however often. `run` begins and ends the folder of answers; `pieces` says what is left to do when
a process dies; `local` does it with the processes of this machine.
"""
