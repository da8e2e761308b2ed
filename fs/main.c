/* apexfs: mount a key-value store as a folder. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/control_settings.h"
#include "fs/core/fs.h"
#include "fs/daemon.h"
#include "fs/log_output.h"
#include "fs/mount.h"
#include "fs/mount_point.h"
#include "fs/ops/ops.h"
#include "fs/options.h"
#include "fs/shutdown.h"
#include "fs/stats_dump.h"
#include "fs/store_open.h"
#include "fs/transport/transport.h"
#include "fs/virt/control.h"
#include "fs/virt/stats_files.h"
#include "fs/virt/views.h"
#include "fs/virt/virt.h"
#include "lsm/base/error.h"
#include "lsm/base/log.h"
#include "lsm/base/standard_fds.h"
#include "lsm/base/version.h"
#include "lsm/config/engine_options.h"
#include "lsm/config/settings.h"
#include "lsm/lsm.h"

extern char **environ;

/* Everything that a mount is made of, in the order in which it comes to life. */
struct service {
	struct options options;
	char *store;      /* owned; absolute */
	char *mountpoint; /* owned; absolute */
	struct daemon daemon;
	struct log_output log;
	char *holder; /* owned; what others read who find the store locked */
	struct lsm *db;
	struct settings *settings;
	struct fs *fs;
	struct virt *virt;
	struct stats_files stats;
	struct views views;
	struct reasons reasons;
	struct stats_dump *dump; /* NULL: none is wanted */
	struct control *control;
	struct ops ops;
	struct transport transport;
	struct fuse_session *session;
	bool broken; /* requests are no longer served, though the mount is there */
};

/* Say why, to whoever can hear it. */
static void report(const struct service *s, int code)
{
	const char *why = fail_text()[0] ? fail_text() : strerror(-code);

	if (daemon_has_terminal(&s->daemon))
		fprintf(stderr, "apexfs: %s\n", why);
	else
		log_error("%s", why);
}

/* What the engine is told, by its own settings and by ours. */
static struct lsm_options engine_options_of(const struct config *config)
{
	struct lsm_options options;

	lsm_options_init(&options);
	engine_options_apply(config, &options);
	options.stats_enable = config_bool(config, "stats", "enable");
	options.stall_timeout_ms =
		1000 * (unsigned)config_number(config, "fuse", "request_timeout");
	return options;
}

static int engine_open(struct service *s)
{
	struct lsm_options options = engine_options_of(s->options.config);

	if (asprintf(&s->holder, "pid=%d program=apexfs mount=%s", (int)getpid(), s->mountpoint) <
	    0) {
		s->holder = NULL;
		return -ENOMEM;
	}
	options.holder = s->holder;
	options.read_only = s->options.read_only;
	return store_open_when_free(s->store, &options, &s->db);
}

static int places_check(struct service *s)
{
	int rc = mount_point_store_path(s->options.store, &s->store);

	if (!rc)
		rc = mount_point_check(s->options.mountpoint, s->store, &s->mountpoint);
	/* the same command given twice: who has the store says more than that */
	return rc == -EBUSY ? store_explain_busy(s->store, rc) : rc;
}

static struct fs_limits limits_of(const struct config *config)
{
	return (struct fs_limits){
		.value_max = config_number(config, "store", "max_value_size"),
		.key_max = (unsigned)config_number(config, "store", "max_key_size"),
		.rename_max_keys = config_number(config, "fs", "rename_max_keys"),
	};
}

/* What changed goes to whoever has it; see struct settings_target. */
static int settings_apply(void *arg, const struct config *config)
{
	struct service *s = arg;
	const struct lsm_options options = engine_options_of(config);
	int rc = engine_options_check(config);

	if (!rc)
		rc = lsm_set_options(s->db, &options);
	if (rc)
		return rc;
	const struct fs_limits limits = limits_of(config);

	fs_set_limits(s->fs, &limits);
	log_set_level((enum log_level)config_number(config, "log", "level"));
	log_set_format((enum log_format)config_number(config, "log", "format"));
	if (s->control) /* else it begins with this value */
		control_set_search_max(s->control, config_number(config, "search", "max_results"));
	if (s->dump)
		stats_dump_set_interval(s->dump,
					(unsigned)config_number(config, "stats", "interval"));
	return 0;
}

static int settings_open(struct service *s)
{
	struct settings_target target = {.apply = settings_apply, .arg = s};

	return settings_new(s->options.config, &target, &s->settings);
}

/* The owner of what has none, if the settings name one. */
static unsigned owner_or(const struct config *config, const char *name, unsigned mounting)
{
	uint64_t id = config_number(config, "fs", name);

	return id == CONFIG_WORD ? mounting : (unsigned)id;
}

static int files_open(struct service *s)
{
	const struct config *config = s->options.config;
	const struct fs_limits limits = limits_of(config);
	struct fs_options options = {
		.db = s->db,
		.separator = (uint8_t)lsm_separator(s->db),
		.uid = owner_or(config, "uid", getuid()),
		.gid = owner_or(config, "gid", getgid()),
		.umask = (mode_t)config_number(config, "fs", "umask"),
		.value_max = limits.value_max,
		.key_max = limits.key_max,
		.rename_max_keys = limits.rename_max_keys,
		.read_only = s->options.read_only,
	};

	int rc = fs_new(&options, &s->fs);

	if (!rc)
		views_init(&s->views, &options);
	return rc;
}

/* The part of .stats that belongs to the process and how requests come in. */
static int stats_more(void *arg, struct buf *text)
{
	struct service *s = arg;
	int rc = buf_printf(text, "pid %d\n", (int)getpid());

	return rc ? rc : transport_render(&s->transport, text);
}

static int virtual_files_open(struct service *s)
{
	struct virt_options options = {.uid = getuid(), .gid = getgid(), .reasons = &s->reasons};

	reasons_init(&s->reasons);
	int rc = virt_new(&options, &s->virt);

	if (rc)
		return rc;
	s->stats.stats = (struct stats){.db = s->db,
					.fs = s->fs,
					.requests = ops_metric_source(&s->ops),
					.more = stats_more,
					.more_arg = s};
	rc = stats_files_add(&s->stats, s->virt);
	if (rc)
		return rc;
	struct control_options control = {
		.db = s->db,
		.fs = s->fs,
		.reasons = &s->reasons,
		.views = &s->views,
		.settings = control_settings_of(s->settings),
		.mountpoint = s->mountpoint,
		.separator = (uint8_t)lsm_separator(s->db),
		.search_max = config_number(s->options.config, "search", "max_results"),
		.batch_max = (size_t)config_number(s->options.config, "batch", "max_bytes"),
		.steer = config_bool(s->options.config, "features", "steer"),
	};

	return control_new(&control, s->virt, &s->control);
}

/* Its folder, before a mount can cover it. */
static int dump_open(struct service *s)
{
	const char *path = config_text(s->options.config, "stats", "file");

	return path[0] ? stats_dump_open(path, &s->dump) : 0;
}

static int dump_start(struct service *s)
{
	if (!s->dump)
		return 0;
	return stats_dump_start(s->dump, &s->stats.stats,
				(unsigned)config_number(s->options.config, "stats", "interval"));
}

static int mount_make(struct service *s)
{
	const struct config *config = s->options.config;
	struct ops_options ops_options = {
		.max_background = (unsigned)config_number(config, "fuse", "max_background"),
		.max_write = (unsigned)config_number(config, "fuse", "max_write"),
		.max_readahead = (unsigned)config_number(config, "fuse", "max_readahead"),
		.entry_timeout = (double)config_number(config, "fuse", "entry_timeout"),
		.attr_timeout = (double)config_number(config, "fuse", "attr_timeout"),
		.negative_timeout = (double)config_number(config, "fuse", "negative_timeout"),
		.xattr = config_bool(config, "fs", "xattr"),
		.count = config_bool(config, "stats", "enable"),
		.virtual_files =
			(enum ops_virtual_files)config_number(config, "fs", "virtual_files"),
		.wait = {.begin = transport_wait_begin, .end = transport_wait_end},
	};
	struct mount_options options = {.store = s->store,
					.mountpoint = s->mountpoint,
					.words = (const char *)s->options.words.ptr,
					.max_readahead = ops_options.max_readahead,
					.debug = s->options.debug};
	const struct ops_parts parts = {.fs = s->fs, .virt = s->virt, .views = &s->views};
	int rc = ops_init(&s->ops, &parts, &ops_options);

	if (rc)
		return rc;
	rc = mount_begin(&options, &s->ops, &s->session);
	return rc ? rc : ops_start(&s->ops, s->session);
}

/* A stop signal has come: the kernel is told of nothing more, while requests are still answered. */
static bool stopping(void *arg)
{
	return ops_stop(arg);
}

/* Requests are about to come over /dev/fuse, and only there. */
static void answer_anywhere(void *arg)
{
	ops_answer_anywhere(arg);
}

static int transport_choose(struct service *s)
{
	const struct config *config = s->options.config;
	uint64_t depth = config_number(config, "fuse", "queue_depth");
	struct transport_options options = {
		.kind = (enum transport_kind)config_number(config, "fuse", "transport"),
		.single_thread = s->options.single_thread,
		.depth = depth == CONFIG_WORD ? 0 : (unsigned)depth,
		.max_write = OPS_WRITE_MAX,
		.clone_fd = config_bool(config, "fuse", "clone_fd"),
		.max_threads = (unsigned)config_number(config, "fuse", "max_threads"),
		.classic_begins = answer_anywhere,
		.hook = {.stopping = stopping, .arg = &s->ops},
	};

	return transport_init(&options, &s->transport);
}

static int serve(struct service *s)
{
	int rc = engine_open(s);

	if (!rc)
		rc = settings_open(s);
	if (!rc)
		rc = files_open(s);
	if (!rc)
		rc = virtual_files_open(s);
	if (!rc)
		rc = transport_choose(s);
	if (!rc)
		rc = dump_open(s);
	if (!rc)
		rc = mount_make(s);
	if (!rc)
		rc = dump_start(s);
	if (!rc)
		rc = daemon_ready(&s->daemon);
	if (!rc) {
		log_output_use(&s->log);
		log_info("mounted store=%s mount=%s", s->store, s->mountpoint);
		rc = transport_run(&s->transport, s->session);
		s->broken = rc != 0;
	}
	return rc;
}

/*
 * Whoever tells the kernel of changes may wait there for a folder's lock, whose holder waits for an
 * answer. While requests are served, or once the connection is over, that ends. When the transport
 * has broken down it does not, and nothing can be killed: the connection is ended by force. Who may
 * not do that leaves it as it is: what is held must be written, and the store closed. False: that.
 */
static bool stop_telling(struct service *s)
{
	if (s->broken) {
		if (ops_leave(&s->ops))
			return true;
		mount_abort(s->session, s->mountpoint);
		return ops_leave(&s->ops);
	}
	while (!ops_stop(&s->ops))
		continue;
	return true;
}

/* In the reverse order, whatever of it there is. The first failure counts, and each is reported. */
static int close_all(struct service *s)
{
	stats_dump_close(s->dump);
	if (stop_telling(s))
		mount_end(s->session);
	else
		log_error("a thread is left that waits for who waits for an answer");
	ops_done(&s->ops);
	transport_done(&s->transport);
	if (s->fs)
		views_done(&s->views);
	fail_clear();
	int rc = fs_free(s->fs);

	if (rc)
		report(s, rc);
	virt_free(s->virt);
	control_free(s->control);
	if (s->virt)
		reasons_done(&s->reasons);
	settings_free(s->settings);
	fail_clear();
	int close_rc = lsm_close(s->db);

	if (close_rc)
		report(s, close_rc);
	if (s->session)
		log_info("unmounted store=%s mount=%s", s->store, s->mountpoint);
	return rc ? rc : close_rc;
}

static int run(struct service *s)
{
	int rc = log_output_open(&s->log, s->options.config);

	if (!rc)
		rc = places_check(s);
	if (!rc)
		rc = daemon_start(s->options.foreground, s->mountpoint, &s->daemon);
	if (rc) {
		report(s, rc);
		return rc;
	}
	transport_block_signals();
	rc = serve(s);
	if (rc)
		report(s, rc);
	struct shutdown_watch watch;

	shutdown_watch_begin(
		&watch, (unsigned)config_number(s->options.config, "fuse", "shutdown_timeout"));
	int close_rc = close_all(s);

	shutdown_watch_end(&watch);
	return rc ? rc : close_rc;
}

static int print_text(const struct buf *text)
{
	if (fwrite(text->ptr, 1, text->len, stdout) != text->len || fflush(stdout) != 0)
		return fail(-EIO, "standard output: %s", strerror(errno));
	return 0;
}

static int print(int (*render)(struct buf *text))
{
	cleanup_buf struct buf text = {0};
	int rc = render(&text);

	return rc ? rc : print_text(&text);
}

static int print_config(const struct service *s)
{
	cleanup_buf struct buf text = {0};
	int rc = config_render_values(s->options.config, &text);

	return rc ? rc : print_text(&text);
}

static int render_version(struct buf *text)
{
	return buf_printf(text, "apexfs %s\n", LSM_VERSION);
}

int main(int argc, char **argv)
{
	struct service s = {.daemon = {.ready_fd = -1}, .log = {.fd = -1}};

	if (standard_fds_fill())
		return EXIT_FAILURE; /* there is nowhere to say why */
	int rc = options_parse(argc, argv, environ, &s.options);

	if (rc)
		report(&s, rc);
	else if (s.options.action == OPTIONS_HELP)
		rc = print(options_render_help);
	else if (s.options.action == OPTIONS_VERSION)
		rc = print(render_version);
	else if (s.options.action == OPTIONS_PRINT_CONFIG)
		rc = print_config(&s);
	else
		rc = run(&s);
	log_output_close(&s.log);
	options_done(&s.options);
	free(s.holder);
	free(s.store);
	free(s.mountpoint);
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
