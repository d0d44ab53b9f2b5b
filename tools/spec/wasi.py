# SPDX-License-Identifier: MIT
"""docs/spec/contracts.md 8 once more: the functions of wasi_snapshot_preview1 that version 2 of the host
interface has. Frame of contracts.py runs them."""

SUCCESS, EBADF, EINVAL, ENOTSUP, ESPIPE = 0, 8, 28, 58, 70
READING, PRINTING, COMPLAINING = range(3)  # the open descriptors

SIGNATURES = {}
for line in """
    ii:i args_get args_sizes_get clock_res_get environ_get environ_sizes_get fd_fdstat_get
    ii:i fd_fdstat_set_flags fd_filestat_get fd_prestat_get fd_renumber fd_tell random_get sock_shutdown
    i:i fd_close fd_datasync fd_sync proc_raise
    iii:i fd_prestat_dir_name path_create_directory path_remove_directory path_unlink_file sock_accept
    iiii:i fd_read fd_write poll_oneoff
    iiiii:i path_filestat_get path_symlink sock_send
    iiiiii:i path_readlink path_rename sock_recv
    iiiiiii:i path_link
    iiili:i fd_pread fd_pwrite fd_readdir
    iiiilli:i path_filestat_set_times
    iiiiillii:i path_open
    il:i fd_filestat_set_size
    ili:i clock_time_get
    ilii:i fd_seek
    ill:i fd_allocate fd_fdstat_set_rights
    illi:i fd_advise fd_filestat_set_times
    :i sched_yield
    i: proc_exit
""".strip().splitlines():
    form, *names = line.split()
    SIGNATURES.update(dict.fromkeys(names, form))

# Functions that do nothing: (the answer for an open first parameter, the answer for any other).
ANSWERS = {}
for answers, names in (
    ((SUCCESS, SUCCESS), "args_get environ_get sched_yield"),
    ((SUCCESS, EBADF), "fd_close"),
    ((ESPIPE, EBADF), "fd_seek fd_tell fd_pread fd_pwrite"),
    ((ENOTSUP, EBADF), """fd_advise fd_allocate fd_datasync fd_fdstat_set_flags fd_fdstat_set_rights
        fd_filestat_get fd_filestat_set_size fd_filestat_set_times fd_readdir fd_renumber fd_sync"""),
    ((EBADF, EBADF), """fd_prestat_get fd_prestat_dir_name path_create_directory path_filestat_get
        path_filestat_set_times path_link path_open path_readlink path_remove_directory path_rename
        path_symlink path_unlink_file"""),
    ((ENOTSUP, ENOTSUP), "poll_oneoff proc_raise sock_accept sock_recv sock_send sock_shutdown"),
):
    ANSWERS.update(dict.fromkeys(names.split(), answers))

# name: (bytes counted by the first charge, own cost), both of the arguments; of all others none.
COSTS = {
    "args_sizes_get": (lambda a: 8, 0),
    "environ_sizes_get": (lambda a: 8, 0),
    "clock_res_get": (lambda a: 8, 0),
    "clock_time_get": (lambda a: 8, 0),
    "fd_fdstat_get": (lambda a: 24, 0),
    "fd_read": (lambda a: 8 * a[2] + 4, 0),
    "fd_write": (lambda a: 8 * a[2] + 4, 0),
    "random_get": (lambda a: a[1], lambda a: 500 * -(-a[1] // 32)),
}
FUNCTIONS = {name: (form, *COSTS.get(name, (lambda a: 0, 0))) for name, form in SIGNATURES.items()}


def number(value, size):
    return value.to_bytes(size, "little")


class Wasi:
    """What a frame can do besides. It has `printed`, what descriptor 1 received, and `consumed`, the
    bytes of the arguments that were read."""

    def answer(self, name, a):
        """A function of ANSWERS."""
        is_open, other = ANSWERS[name]
        return is_open if a and a[0] <= COMPLAINING else other

    def sizes(self, count, size):
        self.place(count, 4)
        self.place(size, 4)
        self.write(count, number(0, 4))
        self.write(size, number(0, 4))
        return SUCCESS

    host_args_sizes_get = host_environ_sizes_get = sizes

    def clock(self, clock, dst, nanoseconds):
        if clock > 1:
            return EINVAL
        self.give(dst, number(nanoseconds % 2**64, 8))
        return SUCCESS

    def host_clock_res_get(self, clock, dst):
        return self.clock(clock, dst, 1000000)

    def host_clock_time_get(self, clock, _, dst):
        return self.clock(clock, dst, 1000000 * self.context.time)

    def host_fd_fdstat_get(self, fd, dst):
        if fd > COMPLAINING:
            return EBADF
        self.give(dst, bytes(8) + number(2 if fd == READING else 64, 8) + bytes(8))
        return SUCCESS

    def buffers(self, at, count, done):
        """The list of pairs of pointer and length."""
        self.limit(count <= 1024)
        self.place(at, 8 * count)
        self.place(done, 4)
        words = [int.from_bytes(self.read(at + 4 * n, 4), "little") for n in range(2 * count)]
        pairs = list(zip(words[::2], words[1::2]))
        for p, length in pairs:
            self.place(p, length)
        return pairs

    def host_fd_read(self, fd, at, count, done):
        if fd != READING:
            return EBADF
        pairs = self.buffers(at, count, done)
        left = (self.arguments or b"")[self.consumed :]
        copied = min(sum(length for _, length in pairs), len(left))
        self.pay(-(-copied // 8))
        self.consumed += copied
        left = left[:copied]
        for p, length in pairs:
            self.write(p, left[:length])
            left = left[length:]
        self.write(done, number(copied, 4))
        return SUCCESS

    def host_fd_write(self, fd, at, count, done):
        if fd not in (PRINTING, COMPLAINING):
            return EBADF
        pairs = self.buffers(at, count, done)
        total = sum(length for _, length in pairs)
        self.pay(8 * total + -(-total // 8))
        if fd == PRINTING:
            self.limit(len(self.printed) + total <= self.output_most())
            self.printed += b"".join(self.read(*pair) for pair in pairs)
        else:
            self.limit(total <= 16384)
        self.write(done, number(total, 4))
        return SUCCESS

    def host_random_get(self, dst, length):
        self.place(dst, length)
        stream = b"".join(self.random_bytes() for _ in range(-(-length // 32)))
        self.write(dst, stream[:length])
        return SUCCESS
