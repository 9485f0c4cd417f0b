/*
 * The first page of the executable: finds the unpacked program, unpacks it when it is not there yet,
 * and becomes it (same process, no parent).
 *
 * The file is this program, then a zstd-compressed tar of the program folder, then a footer:
 *
 *     "PBPACK1\0"  8 bytes
 *     offset       8 bytes, little endian: where the archive begins
 *     size         8 bytes, little endian: how long it is
 *     id          32 bytes: hex digits of the folder's content hash
 *
 * Nothing is trusted that somebody else could have written: a folder counts only when it is ours (or
 * root's) and nobody else may write to it. Unpacking goes to a folder of its own and is renamed when
 * complete, so two starts at once, or an interrupted one, do no harm.
 *
 * POCKETBASE_RUNTIME_DIR  where to unpack instead of the usual places
 * POCKETBASE_RUNTIME_NEW  when set, what is unpacked already is replaced
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#define MAGIC "PBPACK1"
#define ID_LENGTH 32
#define BLOCK 512
#define PROGRAM "pocketbase"
#define LOADER "ld.so"

struct footer {
    char magic[8];
    uint64_t offset;
    uint64_t size;
    char id[ID_LENGTH];
};

static char self[PATH_MAX];
static int archive = -1;
static struct footer footer;

static int fail(const char *what) {
    fprintf(stderr, "pocketbase: %s: %s\n", what, strerror(errno));
    return 1;
}

/* -- reading ourselves */

static int open_self(void) {
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0) return fail("cannot read /proc/self/exe (is /proc mounted?)");
    self[length] = 0;
    archive = open(self, O_RDONLY | O_CLOEXEC);
    if (archive < 0) return fail(self);
    off_t end = lseek(archive, 0, SEEK_END);
    if (end < (off_t)sizeof footer
        || pread(archive, &footer, sizeof footer, end - (off_t)sizeof footer) != sizeof footer
        || memcmp(footer.magic, MAGIC, sizeof footer.magic) != 0
        || footer.offset + footer.size + sizeof footer != (uint64_t)end) {
        fprintf(stderr, "pocketbase: %s is damaged: it ends too early\n", self);
        return 1;
    }
    return 0;
}

/* -- the archive */

struct reader {
    ZSTD_DStream *stream;
    ZSTD_inBuffer in;
    char *raw;
    size_t room;
    uint64_t left;
};

static int fill(struct reader *r, char *to, size_t size) {
    ZSTD_outBuffer out = {to, size, 0};
    while (out.pos < out.size) {
        if (r->in.pos == r->in.size) {
            size_t want = r->left < r->room ? (size_t)r->left : r->room;
            ssize_t got = want ? read(archive, r->raw, want) : 0;
            if (got <= 0) return -1;
            r->left -= (uint64_t)got;
            r->in = (ZSTD_inBuffer){r->raw, (size_t)got, 0};
        }
        if (ZSTD_isError(ZSTD_decompressStream(r->stream, &out, &r->in))) return -1;
    }
    return 0;
}

static int make_parents(int root, char *path) {
    for (char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
        *at = 0;
        int bad = mkdirat(root, path, 0755) != 0 && errno != EEXIST;
        *at = '/';
        if (bad) return -1;
    }
    return 0;
}

static int write_file(struct reader *r, int root, char *path, uint64_t size, mode_t mode) {
    static char chunk[1 << 18];
    if (make_parents(root, path) != 0) return -1;
    int file = openat(root, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (file < 0) return -1;
    uint64_t padded = (size + BLOCK - 1) / BLOCK * BLOCK;
    while (padded > 0) {
        size_t now = padded < sizeof chunk ? (size_t)padded : sizeof chunk;
        size_t wanted = size < now ? (size_t)size : now;
        if (fill(r, chunk, now) != 0 || write(file, chunk, wanted) != (ssize_t)wanted) {
            close(file);
            return -1;
        }
        padded -= now;
        size -= wanted;
    }
    return close(file);
}

/* The archive is a plain ustar of regular files; names longer than its field are not used. */
static int unpack_into(int root) {
    struct reader r = {ZSTD_createDStream(), {0, 0, 0}, NULL, 1 << 18, footer.size};
    char head[BLOCK];
    r.raw = malloc(r.room);
    if (!r.stream || !r.raw || lseek(archive, (off_t)footer.offset, SEEK_SET) < 0) return -1;
    ZSTD_DCtx_setParameter(r.stream, ZSTD_d_windowLogMax, 27);
    for (;;) {
        char path[356];
        if (fill(&r, head, BLOCK) != 0) return -1;
        if (head[0] == 0) return 0;
        snprintf(path, sizeof path, "%.155s%s%.100s", head + 345, head[345] ? "/" : "", head);
        if (path[0] == '/' || strstr(path, "..") || (head[156] != '0' && head[156] != 0)) {
            errno = EINVAL;
            return -1;
        }
        uint64_t size = strtoull(head + 124, NULL, 8);
        mode_t mode = (mode_t)strtoul(head + 100, NULL, 8) & 0755;
        if (write_file(&r, root, path, size, mode) != 0) return -1;
    }
}

/* -- places */

static int is_ours(const struct stat *found) {
    return S_ISDIR(found->st_mode) && (found->st_mode & 022) == 0
        && (found->st_uid == geteuid() || found->st_uid == 0);
}

static void remove_tree(int at, const char *name) {
    if (unlinkat(at, name, 0) == 0 || errno == ENOENT) return;
    int folder = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) return;
    DIR *listing = fdopendir(folder);
    if (!listing) { close(folder); return; }
    for (struct dirent *entry; (entry = readdir(listing));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove_tree(dirfd(listing), entry->d_name);
    closedir(listing);
    unlinkat(at, name, AT_REMOVEDIR);
}

/* A running program holds a shared lock on its folder; who gets it alone may remove the folder. */
static int lock_folder(int parent, const char *id, int how) {
    int folder = openat(parent, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (folder >= 0 && flock(folder, how | LOCK_NB) != 0) { close(folder); return -1; }
    return folder;
}

static void remove_old(int parent) {
    int copy = dup(parent);
    DIR *listing = copy < 0 ? NULL : fdopendir(copy);
    if (!listing) return;
    rewinddir(listing);
    for (struct dirent *entry; (entry = readdir(listing));) {
        if (strlen(entry->d_name) != ID_LENGTH || memcmp(entry->d_name, footer.id, ID_LENGTH) == 0)
            continue;
        if (strspn(entry->d_name, "0123456789abcdef") != ID_LENGTH) continue;
        int alone = lock_folder(parent, entry->d_name, LOCK_EX);
        if (alone < 0) continue;
        remove_tree(parent, entry->d_name);
        close(alone);
    }
    closedir(listing);
}

static int make_folder(const char *path) {
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *at = strchr(copy + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = 0;
        mkdir(copy, 0700);
        *at = '/';
    }
    return mkdir(copy, 0700);
}

static int unpack(int parent, const char *id) {
    char temporary[64];
    snprintf(temporary, sizeof temporary, ".tmp.%ld", (long)getpid());
    remove_tree(parent, temporary);
    if (mkdirat(parent, temporary, 0755) != 0) return -1;
    int root = openat(parent, temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int bad = root < 0 || unpack_into(root) != 0 || syncfs(root) != 0;
    if (root >= 0) close(root);
    if (!bad && renameat(parent, temporary, parent, id) != 0 && errno != EEXIST && errno != ENOTEMPTY)
        bad = 1;
    int why = errno;
    remove_tree(parent, temporary);
    if (!bad) remove_old(parent);
    errno = why;
    return bad ? -1 : 0;
}

/* Returns the locked folder of the program below *place*, or -1. */
static int try_place(const char *place) {
    struct stat found;
    char id[ID_LENGTH + 1];
    memcpy(id, footer.id, ID_LENGTH);
    id[ID_LENGTH] = 0;
    make_folder(place);
    int parent = open(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (parent < 0) return -1;
    if (fstat(parent, &found) != 0 || !is_ours(&found)) { close(parent); return -1; }
    if (getenv("POCKETBASE_RUNTIME_NEW")) remove_tree(parent, id);
    for (int attempt = 0; attempt < 3; attempt++) {
        if (fstatat(parent, id, &found, AT_SYMLINK_NOFOLLOW) != 0) {
            if (unpack(parent, id) != 0) break;
            continue;
        }
        if (!is_ours(&found)) break;
        int folder = lock_folder(parent, id, LOCK_SH);
        if (folder >= 0) { close(parent); return folder; }
        usleep(20000);
    }
    close(parent);
    return -1;
}

static int find_folder(char *place, size_t size) {
    const char *variables[] = {"POCKETBASE_RUNTIME_DIR", "CACHE_DIRECTORY", "XDG_CACHE_HOME",
                               "HOME", "RUNTIME_DIRECTORY", "", "TMPDIR"};
    const char *below[] = {"", "/runtime", "/pocketbase", "/.cache/pocketbase", "/runtime", "",
                           "/pocketbase"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        if (!*variables[i]) {
            char *slash = strrchr(self, '/');
            snprintf(place, size, "%.*s/.pocketbase", (int)(slash - self), self);
        } else {
            const char *value = getenv(variables[i]);
            if (!value || value[0] != '/') continue;
            snprintf(place, size, "%s%s", value, below[i]);
        }
        int folder = try_place(place);
        if (folder >= 0) return folder;
    }
    const char *last[] = {"/var/tmp", "/tmp", "/dev/shm"};
    for (size_t i = 0; i < sizeof last / sizeof *last; i++) {
        snprintf(place, size, "%s/pocketbase-%ld", last[i], (long)geteuid());
        int folder = try_place(place);
        if (folder >= 0) return folder;
    }
    return -1;
}

int main(int argc, char **argv) {
    char place[PATH_MAX], loader[PATH_MAX + 64], folder_path[PATH_MAX + 40], program[PATH_MAX + 64];
    if (open_self() != 0) return 1;
    /* A restart in place comes from a program that still holds its lock: it is given up here. */
    const char *held = getenv("POCKETBASE_LOCK_FD");
    struct stat found;
    if (held && fstat(atoi(held), &found) == 0 && S_ISDIR(found.st_mode)) close(atoi(held));
    int folder = find_folder(place, sizeof place);
    if (folder < 0) {
        fail("cannot unpack (set POCKETBASE_RUNTIME_DIR to a folder that may be written)");
        return 1;
    }
    char number[16];
    snprintf(number, sizeof number, "%d", folder);
    setenv("POCKETBASE_LOCK_FD", number, 1);
    setenv("POCKETBASE_EXECUTABLE", self, 1);
    snprintf(folder_path, sizeof folder_path, "%s/%.32s", place, footer.id);
    snprintf(loader, sizeof loader, "%s/" LOADER, folder_path);
    snprintf(program, sizeof program, "%s/" PROGRAM, folder_path);
    char **args = calloc((size_t)argc + 8, sizeof *args);
    if (!args) return fail("memory");
    size_t n = 0;
    int own_libc = access(loader, X_OK) == 0;
    if (own_libc) {
        args[n++] = loader;
        args[n++] = "--argv0";
        args[n++] = self;
        args[n++] = "--library-path";
        args[n++] = folder_path;
        args[n++] = program;
    } else {
        args[n++] = self;
    }
    for (int i = 1; i < argc; i++) args[n++] = argv[i];
    execv(own_libc ? loader : program, args);
    return fail(own_libc ? loader : program);
}
