// @ts-check
/** Going live with many accounts is a job: says how far it is, and waits for it. */
import { getJson } from "../lib/api.js";
import { t } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";

const LOOK_EVERY_MS = 700;
const SAY_EVERY_MS = 5_000;

/** The answer to a go-live, when it has ended. @param {{accounts: number | null, job_id: number | null}} started @returns {Promise<{accounts: number}>} */
export async function ended(started) {
  if (started.job_id === null) return { accounts: started.accounts ?? 0 };
  let said = 0;
  for (;;) {
    const job = await getJson(`/api/v1/jobs/${started.job_id}`);
    if (job.state === "done") return { accounts: job.result.accounts };
    if (job.state === "failed" || job.state === "cancelled") {
      toast(job.message || t("The plan did not go live."), "bad");
      throw new Error(job.message);
    }
    if (Date.now() - said > SAY_EVERY_MS) {
      said = Date.now();
      toast(job.state === "waiting" ? t("Waiting for a worker …") : t("Handing over customers: {n} %", { n: job.done }), "info");
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
