/* SPDX-License-Identifier: MIT */
/*
 * The UNIX socket of a data directory and lines over it. The directory is opened first and the
 * socket reached through it, so that long paths work where a socket's name may have 107 bytes only.
 * Whoever listens owns the directory's lock, so a socket that is there already is a left-over.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "rpc/rpc_internal.h"

#define SOCKET_BACKLOG 64
#define SOCKET_READ_BYTES ((size_t)64 * 1024)

static baals_status socket_fail(baals_error *err, const char *what, const char *dir)
{
    char reason[96];
    int error = errno;
    baals_status status = error == EACCES || error == EPERM ? BAALS_IO_DENIED
                          : error == EROFS                  ? BAALS_IO_READONLY
                          : error == ENOSPC                 ? BAALS_IO_FULL
                                                            : BAALS_IO;
    if (strerror_r(error, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "error %d", error);
    return bl_fail(err, status, "cannot %s %s/%s: %s", what, dir, BL_RPC_SOCKET_NAME, reason);
}

/* The address of the socket: by its path, else through a descriptor of the directory, which is then
 * in *dir_fd and must stay open until bind or connect is done. */
static baals_status
socket_address(struct sockaddr_un *address, int *dir_fd, const char *dir, baals_error *err)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    *dir_fd = -1;
    int len =
        snprintf(address->sun_path, sizeof address->sun_path, "%s/%s", dir, BL_RPC_SOCKET_NAME);
    if (len > 0 && (size_t)len < sizeof address->sun_path)
        return BAALS_OK;
    *dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*dir_fd < 0)
        return errno == ENOENT ? bl_fail(err, BAALS_NOTFOUND, "there is no folder %s", dir)
                               : socket_fail(err, "reach", dir);
    snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", *dir_fd,
             BL_RPC_SOCKET_NAME);
    return BAALS_OK;
}

static void socket_close(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

void bl_rpc_socket_remove(const char *dir)
{
    struct sockaddr_un address;
    int dir_fd;
    if (socket_address(&address, &dir_fd, dir, NULL) == BAALS_OK)
        (void)unlink(address.sun_path);
    socket_close(dir_fd);
}

static baals_status socket_new(int *fd_out, const char *dir, baals_error *err)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return socket_fail(err, "make a socket for", dir);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        (void)close(fd);
        return socket_fail(err, "make a socket for", dir);
    }
    *fd_out = fd;
    return BAALS_OK;
}

baals_status bl_rpc_socket_listen(int *fd_out, const char *dir, baals_error *err)
{
    struct sockaddr_un address;
    int dir_fd;
    int fd = -1;
    BL_TRY(socket_address(&address, &dir_fd, dir, err));
    baals_status status = socket_new(&fd, dir, err);
    if (status != BAALS_OK) {
        socket_close(dir_fd);
        return status;
    }
    /* The mode a socket has when it is bound becomes its file's: never open to others. */
    if ((unlink(address.sun_path) != 0 && errno != ENOENT) || fchmod(fd, 0600) != 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(address.sun_path, 0600) != 0 || listen(fd, SOCKET_BACKLOG) != 0) {
        status = socket_fail(err, "listen on", dir);
        socket_close(fd);
    } else {
        *fd_out = fd;
    }
    socket_close(dir_fd);
    return status;
}

baals_status bl_rpc_socket_connect(int *fd_out, const char *dir, baals_error *err)
{
    struct sockaddr_un address;
    int dir_fd;
    int fd = -1;
    BL_TRY(socket_address(&address, &dir_fd, dir, err));
    baals_status status = socket_new(&fd, dir, err);
    if (status == BAALS_OK) {
        int result;
        do
            result = connect(fd, (const struct sockaddr *)&address, sizeof address);
        while (result != 0 && errno == EINTR);
        if (result == 0)
            *fd_out = fd;
        else if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
            status =
                bl_fail(err, BAALS_NOTFOUND, "no node listens on %s/%s", dir, BL_RPC_SOCKET_NAME);
        else
            status = socket_fail(err, "connect to", dir);
    }
    if (status != BAALS_OK)
        socket_close(fd);
    socket_close(dir_fd);
    return status;
}

baals_status bl_rpc_socket_send(int fd, baals_slice bytes, baals_error *err)
{
    while (bytes.len > 0) {
        ssize_t sent = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return bl_fail(err, BAALS_IO, "the other side of the socket is gone");
        bytes = bl_slice(bytes.data + sent, bytes.len - (size_t)sent);
    }
    return BAALS_OK;
}

/* More bytes behind what the buffer has. NOTFOUND at the end. */
static baals_status socket_read(int fd, struct bl_buffer *buffer, baals_error *err)
{
    size_t before = buffer->len;
    uint8_t *place = bl_buffer_extend(buffer, SOCKET_READ_BYTES);
    if (place == NULL)
        return bl_buffer_status(buffer, err);
    ssize_t got;
    do
        got = recv(fd, place, SOCKET_READ_BYTES, 0);
    while (got < 0 && errno == EINTR);
    buffer->len = before + (got > 0 ? (size_t)got : 0);
    if (got < 0)
        return bl_fail(err, BAALS_IO, "cannot read from the socket");
    return got == 0 ? bl_fail(err, BAALS_NOTFOUND, "the other side has closed the socket")
                    : BAALS_OK;
}

baals_status bl_rpc_socket_line(
    int fd, baals_slice *line, struct bl_buffer *buffer, size_t line_max, baals_error *err)
{
    /* The line given last time ends with the NUL that took its line end's place. */
    size_t used = line->data == NULL ? 0 : line->len + 1;
    BL_ASSERT(used <= buffer->len);
    if (used > 0) {
        memmove(buffer->data, buffer->data + used, buffer->len - used);
        buffer->len -= used;
    }
    *line = bl_slice(NULL, 0);
    for (size_t searched = 0;;) {
        uint8_t *end = buffer->len == searched
                           ? NULL
                           : memchr(buffer->data + searched, '\n', buffer->len - searched);
        searched = end == NULL ? buffer->len : (size_t)(end - buffer->data);
        if (searched > line_max)
            return bl_fail(err, BAALS_LIMIT, "a message of more than %zu bytes", line_max);
        if (end != NULL) {
            *end = '\0';
            *line = bl_slice(buffer->data, searched);
            return BAALS_OK;
        }
        BL_TRY(socket_read(fd, buffer, err));
    }
}
