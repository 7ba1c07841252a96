// SPDX-License-Identifier: GPL-2.0
/*
 * A cpufreq driver without hardware that remembers the frequency of each CPU.
 *
 * Each CPU has a policy of its own and any frequency from MIN_KHZ to MAX_KHZ.
 * Where the kernel cannot measure frequencies, as in a virtual machine, the
 * schedutil governor starts from the current frequency and adds a quarter. Here the
 * current frequency is always BASE_KHZ, so the requested one is the utilization in
 * 1024ths of MAX_KHZ and does not depend on earlier requests.
 */
#include <linux/cpufreq.h>
#include <linux/module.h>

#define MIN_KHZ		100000
#define BASE_KHZ	800000
#define MAX_KHZ		1000000

/* The largest number of CPUs here: NR_CPUS values would not fit into a page. */
static unsigned int khz[NR_CPUS], nr_khz;
module_param_array(khz, uint, &nr_khz, 0444);
MODULE_PARM_DESC(khz, "what each CPU was set to");

static int fake_init(struct cpufreq_policy *policy)
{
	policy->cpuinfo.min_freq = MIN_KHZ;
	policy->cpuinfo.max_freq = MAX_KHZ;
	policy->min = MIN_KHZ;
	policy->max = MAX_KHZ;
	policy->cur = BASE_KHZ;
	policy->transition_delay_us = 1000;
	policy->fast_switch_possible = true;
	policy->dvfs_possible_from_any_cpu = true;
	return 0;
}

static void fake_exit(struct cpufreq_policy *policy)
{
	WRITE_ONCE(khz[policy->cpu], 0);
}

static int fake_verify(struct cpufreq_policy_data *policy)
{
	cpufreq_verify_within_cpu_limits(policy);
	return 0;
}

/* Does not tell the core, which would adjust its clocks. */
static int fake_target(struct cpufreq_policy *policy, unsigned int freq, unsigned int relation)
{
	WRITE_ONCE(khz[policy->cpu], freq);
	return 0;
}

/* 0 leaves policy->cur as it is. */
static unsigned int fake_fast_switch(struct cpufreq_policy *policy, unsigned int freq)
{
	WRITE_ONCE(khz[policy->cpu], freq);
	return 0;
}

static struct cpufreq_driver fake_driver = {
	.name		= "scx_test",
	.init		= fake_init,
	.exit		= fake_exit,
	.verify		= fake_verify,
	.target		= fake_target,
	.fast_switch	= fake_fast_switch,
};

/* A kernel that cannot unload modules can still remove the driver. */
static bool active;
static bool loaded;

static int set_active(const char *val, const struct kernel_param *kp)
{
	bool on;
	int ret;

	ret = kstrtobool(val, &on);
	if (ret || on == active || !loaded)
		return ret;
	if (on)
		ret = cpufreq_register_driver(&fake_driver);
	else
		cpufreq_unregister_driver(&fake_driver);
	if (!ret)
		active = on;
	return ret;
}

static const struct kernel_param_ops active_ops = {
	.set	= set_active,
	.get	= param_get_bool,
};
module_param_cb(active, &active_ops, &active, 0644);
MODULE_PARM_DESC(active, "the driver is registered");

static int __init scx_test_cpufreq_init(void)
{
	nr_khz = nr_cpu_ids;
	loaded = true;
	return 0;
}
module_init(scx_test_cpufreq_init);

static void __exit scx_test_cpufreq_exit(void)
{
	if (active)
		cpufreq_unregister_driver(&fake_driver);
}
module_exit(scx_test_cpufreq_exit);

MODULE_DESCRIPTION("cpufreq driver for tests of sched_ext");
MODULE_LICENSE("GPL");
