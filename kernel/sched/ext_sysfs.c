// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ext: /sys/kernel/sched_ext.
 *
 *	state  switch_all  nr_rejected  hotplug_seq  enable_seq
 *	root/		exists while a scheduler is loaded
 *	    ops  events
 *
 * "root" is the kobject that struct scx_sched embeds, and its references keep
 * the instance.
 */
#include <linux/sysfs.h>
#include "ext_sysfs.h"
#include "ext_state.h"

static struct kset *scx_kset;

static struct scx_sched *kobj_to_sched(const struct kobject *kobj)
{
	return container_of(kobj, struct scx_sched, kobj);
}

static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n", scx_state_name(scx_enable_state()));
}

static ssize_t switch_all_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(scx_switching_all));
}

static ssize_t nr_rejected_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%ld\n", atomic_long_read(&scx_nr_rejected));
}

static ssize_t hotplug_seq_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%ld\n", atomic_long_read(&scx_hotplug_seq));
}

static ssize_t enable_seq_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%ld\n", atomic_long_read(&scx_enable_seq));
}

static struct kobj_attribute state_attr = __ATTR_RO(state);
static struct kobj_attribute switch_all_attr = __ATTR_RO(switch_all);
static struct kobj_attribute nr_rejected_attr = __ATTR_RO(nr_rejected);
static struct kobj_attribute hotplug_seq_attr = __ATTR_RO(hotplug_seq);
static struct kobj_attribute enable_seq_attr = __ATTR_RO(enable_seq);

static struct attribute *scx_attrs[] = {
	&state_attr.attr,
	&switch_all_attr.attr,
	&nr_rejected_attr.attr,
	&hotplug_seq_attr.attr,
	&enable_seq_attr.attr,
	NULL,
};

static const struct attribute_group scx_attr_group = {
	.attrs = scx_attrs,
};

static ssize_t ops_show(struct kobject *kobj, struct kobj_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%s\n", kobj_to_sched(kobj)->ops.name);
}

static ssize_t events_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	struct scx_event_stats sum;
	int len = 0;

	scx_state_read_events(kobj_to_sched(kobj), &sum);

#define SCX_EVENT_SHOW(name) \
	{ len += sysfs_emit_at(buf, len, #name " %lld\n", sum.name); }
	SCX_EVENTS(SCX_EVENT_SHOW)
#undef SCX_EVENT_SHOW

	return len;
}

static struct kobj_attribute ops_attr = __ATTR_RO(ops);
static struct kobj_attribute events_attr = __ATTR_RO(events);

static struct attribute *sched_attrs[] = {
	&ops_attr.attr,
	&events_attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(sched);

static void sched_release(struct kobject *kobj)
{
	struct scx_sched *sch = kobj_to_sched(kobj);

	sch->release(sch);
}

static const struct kobj_type sched_ktype = {
	.release	= sched_release,
	.sysfs_ops	= &kobj_sysfs_ops,
	.default_groups	= sched_groups,
};

/* Every object of the kset is a scheduler. */
static int sched_uevent(const struct kobject *kobj, struct kobj_uevent_env *env)
{
	return add_uevent_var(env, "SCXOPS=%s", kobj_to_sched(kobj)->ops.name);
}

static const struct kset_uevent_ops scx_uevent_ops = {
	.uevent = sched_uevent,
};

/**
 * scx_sysfs_init - Create /sys/kernel/sched_ext
 *
 * Context: Boot, once.
 * Return: 0 or an errno.
 */
int scx_sysfs_init(void)
{
	int ret;

	scx_kset = kset_create_and_add("sched_ext", &scx_uevent_ops, kernel_kobj);
	if (!scx_kset)
		return -ENOMEM;

	ret = sysfs_create_group(&scx_kset->kobj, &scx_attr_group);
	if (ret) {
		kset_unregister(scx_kset);
		scx_kset = NULL;
	}
	return ret;
}

/**
 * scx_sysfs_add - Create a scheduler's directory
 * @sch: the scheduler, with its counters and its name
 * @release: frees @sch
 *
 * From here on, also after an error, @sch->kobj is initialised, and the
 * caller's reference to it keeps @sch. When the last reference is put, @release
 * is called in the context of that put.
 *
 * Context: Process context, may sleep.
 * Return: 0 or an errno.
 */
int scx_sysfs_add(struct scx_sched *sch, void (*release)(struct scx_sched *sch))
{
	sch->release = release;
	sch->kobj.kset = scx_kset;
	return kobject_init_and_add(&sch->kobj, &sched_ktype, NULL, "root");
}

/**
 * scx_sysfs_announce - Tell user space that a scheduler is in charge
 * @sch: the scheduler; SCXOPS in the event has its name
 *
 * The removal is announced by scx_sysfs_remove() if this was called.
 *
 * Context: Process context, may sleep.
 */
void scx_sysfs_announce(struct scx_sched *sch)
{
	kobject_uevent(&sch->kobj, KOBJ_ADD);
}

/**
 * scx_sysfs_remove - Remove a scheduler's directory
 * @sch: scheduler for which scx_sysfs_add() succeeded
 *
 * When this returns nobody reads from the directory any more, and the next
 * scheduler can have the name. The caller keeps its reference.
 *
 * Context: Process context, may sleep.
 */
void scx_sysfs_remove(struct scx_sched *sch)
{
	kobject_del(&sch->kobj);
}
