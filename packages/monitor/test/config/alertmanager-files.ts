/** Small `alertmanager.yml` files, good and bad, each about one thing. */

/** One file. */
export interface AlertmanagerSample {
  readonly about: string;
  readonly text: string;
  /** Whether Alertmanager takes the file. */
  readonly good: boolean;
  /** Why Binnacle decides otherwise; absent where it decides the same. */
  readonly differs?: string;
}

const RECEIVERS = 'receivers: [{ name: a }, { name: b }]\n';
/** A file with a top route and more fields of it. */
const route = (fields: string): string =>
  `route: { receiver: a${fields === '' ? '' : `, ${fields}`} }\n${RECEIVERS}`;
/** A file with one route below the top. */
const child = (fields: string): string => route(`routes: [ { ${fields} } ]`);
const rule = (fields: string): string => `${route('')}inhibit_rules: [ { ${fields} } ]\n`;
const interval = (fields: string): string =>
  `${route('')}time_intervals: [ { name: t, time_intervals: [ { ${fields} } ] } ]\n`;

const good = (about: string, text: string): AlertmanagerSample => ({ about, text, good: true });
const bad = (about: string, text: string): AlertmanagerSample => ({ about, text, good: false });
const differs = (sample: AlertmanagerSample, reason: string): AlertmanagerSample => ({
  ...sample,
  differs: reason,
});

/** The files. */
export const SAMPLES: readonly AlertmanagerSample[] = [
  // The file as a whole.
  good('the smallest file', 'route: { receiver: a }\nreceivers: [{ name: a }]\n'),
  good('an empty global', `global: {}\n${route('')}`),
  good('a global without value', `global:\n${route('')}`),
  good('resolve_timeout', `global: { resolve_timeout: 1h30m }\n${route('')}`),
  good('a resolve_timeout of 0', `global: { resolve_timeout: 0s }\n${route('')}`),
  bad('a resolve_timeout without unit', `global: { resolve_timeout: 5 }\n${route('')}`),
  bad('an unknown field', `${route('')}router: {}\n`),
  bad('an unknown global field', `global: { resolve_timeouts: 5m }\n${route('')}`),
  bad('an empty file', ''),
  bad('a list', '- a\n'),
  bad('no route', RECEIVERS),
  bad('no YAML', 'route: {\n'),
  bad('a field that is given twice', `${route('')}receivers: []\n`),
  bad('a route that is a text', `route: a\n${RECEIVERS}`),
  differs(
    good('the tracing of Alertmanager itself', `${route('')}tracing: { endpoint: "localhost:4317" }\n`),
    'Binnacle does not trace itself, and says so instead of leaving it out silently',
  ),
  // Receivers, as far as routes need them.
  bad('no receivers', 'route: { receiver: a }\n'),
  bad('two receivers of one name', 'route: { receiver: a }\nreceivers: [{ name: a }, { name: a }]\n'),
  bad('a receiver without name', 'route: { receiver: a }\nreceivers: [{ name: a }, {}]\n'),
  good('a receiver that no route names', route('')),
  good(
    'a webhook',
    'route: { receiver: a }\nreceivers: [{ name: a, webhook_configs: [{ url: "http://u:p@h/x", send_resolved: false }] }]\n',
  ),
  bad(
    'a webhook without address',
    'route: { receiver: a }\nreceivers: [{ name: a, webhook_configs: [{}] }]\n',
  ),
  // The top route.
  bad('no top receiver', `route: { group_by: [x] }\n${RECEIVERS}`),
  bad('an empty top receiver', `route: { receiver: "" }\n${RECEIVERS}`),
  bad('an unknown top receiver', `route: { receiver: c }\n${RECEIVERS}`),
  bad('matchers on top', route('matchers: [ a=b ]')),
  bad('match on top', route('match: { a: b }')),
  bad('match_re on top', route('match_re: { a: b }')),
  good('empty matchers on top', route('matchers: [], match: {}, match_re: {}')),
  bad('continue on top', route('continue: true')),
  good('no continue on top', route('continue: false')),
  bad('mute_time_intervals on top', `${route('mute_time_intervals: [t]')}time_intervals: [{ name: t }]\n`),
  bad(
    'active_time_intervals on top',
    `${route('active_time_intervals: [t]')}time_intervals: [{ name: t }]\n`,
  ),
  good('empty lists of intervals on top', route('mute_time_intervals: [], active_time_intervals: []')),
  // Grouping and timing.
  good('group_by', route('group_by: [alertname, job]')),
  good('group_by nothing', route('group_by: []')),
  good('group_by without value', route('group_by:')),
  good('group_by everything', route("group_by: ['...']")),
  good('group_by any text', route("group_by: ['on call', équipe]")),
  bad('group_by everything and a label', route("group_by: ['...', job]")),
  bad('group_by a label twice', route('group_by: [job, job]')),
  bad('group_by an empty label', route("group_by: ['']")),
  bad('group_by that is a text', route('group_by: job')),
  good('group_by everything twice', route("group_by: ['...', '...']")),
  good('group_wait of 0', route('group_wait: 0s')),
  bad('group_interval of 0', route('group_interval: 0s')),
  bad('repeat_interval of 0', route('repeat_interval: 0')),
  bad('a negative group_wait', route('group_wait: -5s')),
  bad('a group_wait in words', route('group_wait: 5 minutes')),
  bad('a group_wait with units in the wrong order', route('group_wait: 5s1m')),
  good('a repeat_interval of weeks', route('repeat_interval: 1w2d')),
  good('a group_interval longer than the repeat_interval', route('group_interval: 1h, repeat_interval: 1m')),
  // Routes below.
  good('a route that says nothing', child('')),
  good('a route with a receiver', child('receiver: b')),
  good('an empty receiver below', child('receiver: ""')),
  bad('an unknown receiver below', child('receiver: c')),
  bad('an unknown receiver far below', child('routes: [ { routes: [ { receiver: c } ] } ]')),
  bad('an unknown field below', child('recever: b')),
  good('continue', child('continue: true')),
  good('continue in the words of YAML 1.1', child('continue: yes')),
  bad('continue that is a number', child('continue: 1')),
  differs(
    bad('continue in quotes', child('continue: "true"')),
    'the words true and false are read with and without quotes',
  ),
  good('two routes that say nothing', route('routes: [ {}, {} ]')),
  good('no routes', route('routes: []')),
  // Matchers.
  good('matchers', child('matchers: [ a=b, "c!=d", "e=~f|g", "h!~i" ]')),
  good('several matchers in one text', child('matchers: [ \'{a="b", c=~"d"}\' ]')),
  good('an empty matcher', child('matchers: [ "" ]')),
  good('a matcher with a name in quotes', child(`matchers: [ '"on call"="yes"' ]`)),
  good('a matcher with a name beyond ASCII', child('matchers: [ équipe=β ]')),
  good('a matcher of the classic syntax only', child('matchers: [ "summary=disk full" ]')),
  good('a matcher without value', child('matchers: [ "a=" ]')),
  bad('a matcher without operator', child('matchers: [ "a" ]')),
  bad('a matcher without name', child('matchers: [ "=a" ]')),
  bad('a matcher with a quote that is not closed', child(`matchers: [ 'a="b' ]`)),
  bad('a matcher with a bad pattern', child(`matchers: [ 'a=~"("' ]`)),
  bad('a matcher with a pattern of Perl', child(`matchers: [ 'a=~"(?=b)"' ]`)),
  differs(
    good('an item of a list without value', child('matchers: [ ~ ]')),
    'an item without a value is a mistake, here and in every list; of a route Alertmanager even crashes',
  ),
  bad('matchers that are a text', child('matchers: a=b')),
  bad('matchers that are a mapping', child('matchers: { a: b }')),
  good('match', child('match: { a: b, c: 1, d: true, e: "" }')),
  good('match without value', child('match: { a: }')),
  bad('match with a name in need of quotes', child('match: { "on call": b }')),
  bad('match of a list', child('match: [ a ]')),
  good('match_re', child('match_re: { a: "b|c", d: "" }')),
  bad('match_re with a bad pattern', child('match_re: { a: "*" }')),
  bad('match_re that anchors would mend', child('match_re: { a: "b))|(?:(?:c" }')),
  bad('match_re without value', child('match_re: { a: }')),
  bad('match_re with a colon in the name', child('match_re: { "a:b": c }')),
  good('all forms at once', child('match: { a: b }, match_re: { a: "b.*" }, matchers: [ a!=c ]')),
  // Inhibition.
  good('an inhibition', rule('source_matchers: [ a=b ], target_matchers: [ a=c ], equal: [ d ]')),
  good('an inhibition of the older form', rule('source_match: { a: b }, target_match_re: { a: "c|d" }')),
  good('an inhibition with a name', rule('name: n, source_matchers: [ a=b ]')),
  good('an inhibition that says nothing', rule('')),
  good('equal labels of any text', rule("equal: [ 'on call', équipe ]")),
  bad('an empty equal label', rule("equal: [ '' ]")),
  bad('an inhibition with a bad name', rule('source_match: { "a b": c }')),
  bad('an inhibition with a bad pattern', rule('target_match_re: { a: "[" }')),
  bad('an unknown field of an inhibition', rule('sources: []')),
  bad('equal that is a text', rule('equal: a')),
  // Time intervals.
  good('a time interval', interval('times: [ { start_time: "09:00", end_time: "17:30" } ]')),
  good('times without quotes', interval('times: [ { start_time: 09:00, end_time: 24:00 } ]')),
  good('a time interval that says nothing', interval('')),
  good('a time interval without moments', `${route('')}time_intervals: [ { name: t } ]\n`),
  bad('a time interval without name', `${route('')}time_intervals: [ { time_intervals: [] } ]\n`),
  bad('a time interval given twice', `${route('')}time_intervals: [ { name: t }, { name: t } ]\n`),
  bad(
    'a time interval in both lists',
    `${route('')}time_intervals: [ { name: t } ]\nmute_time_intervals: [ { name: t } ]\n`,
  ),
  bad('a time with seconds', interval('times: [ { start_time: "09:00:00", end_time: "10:00" } ]')),
  bad('a time after midnight', interval('times: [ { start_time: "09:00", end_time: "24:01" } ]')),
  bad('a time without leading zero', interval('times: [ { start_time: "9:00", end_time: "10:00" } ]')),
  bad('times across midnight', interval('times: [ { start_time: "22:00", end_time: "06:00" } ]')),
  bad('times of no length', interval('times: [ { start_time: "09:00", end_time: "09:00" } ]')),
  bad('a time without end', interval('times: [ { start_time: "09:00" } ]')),
  good('no times', interval('times: []')),
  good('weekdays', interval("weekdays: [ 'monday:friday', Sunday ]")),
  bad('weekdays across the week', interval("weekdays: [ 'friday:monday' ]")),
  bad('weekdays that are numbers', interval("weekdays: [ '1:5' ]")),
  bad('weekdays cut short', interval('weekdays: [ mon ]')),
  bad('weekdays with a space', interval("weekdays: [ 'monday : friday' ]")),
  good('days of the month', interval("days_of_month: [ 1, '5:10', '-3:-1', '15:-1', 31 ]")),
  bad('day 0', interval('days_of_month: [ 0 ]')),
  bad('day 32', interval('days_of_month: [ 32 ]')),
  bad('day -32', interval('days_of_month: [ -32 ]')),
  bad('days from the end to the start', interval("days_of_month: [ '-3:5' ]")),
  bad('days from the end to a later start', interval("days_of_month: [ '-27:5' ]")),
  bad('days that are never', interval("days_of_month: [ '20:-10' ]")),
  bad('days backwards', interval("days_of_month: [ '10:5' ]")),
  bad('days with a fraction', interval('days_of_month: [ 1.5 ]')),
  good('days with a sign', interval("days_of_month: [ '+1:+5' ]")),
  good('months', interval("months: [ 'january:March', 5, '11:12' ]")),
  good('a month beyond December', interval('months: [ 13 ]')),
  bad('months backwards', interval("months: [ 'december:january' ]")),
  bad('a month in no language', interval('months: [ janvier ]')),
  good('years', interval("years: [ 2024, '2025:2030' ]")),
  bad('years backwards', interval("years: [ '2030:2025' ]")),
  bad('three years', interval("years: [ '2024:2025:2026' ]")),
  good('a location', interval('location: Europe/Berlin')),
  good('a location by an older name', interval('location: Asia/Calcutta')),
  good('a location of three letters', interval('location: CET')),
  good('the location of the machine', interval('location: Local')),
  good('an empty location', interval('location: ""')),
  bad('a location on no map', interval('location: Europe/Atlantis')),
  bad('a location as an offset', interval('location: "+02:00"')),
  bad('a location in small letters', interval('location: europe/berlin')),
  bad('a location that several places claim', interval('location: IST')),
  differs(
    bad('a location in capital letters', interval('location: EUROPE/BERLIN')),
    'Node does not tell the spelling of zones, and there is no other zone of that name',
  ),
  differs(
    good('a location by its file', interval('location: posix/Europe/Berlin')),
    'Alertmanager takes any file of the zone database on its machine; Binnacle has a database, not files',
  ),
  bad('an unknown part of an interval', interval('hours: []')),
  good(
    'the older list of intervals',
    `${child('mute_time_intervals: [ t ]')}mute_time_intervals: [ { name: t, time_intervals: [ { months: [ 1 ] } ] } ]\n`,
  ),
  good(
    'a route with active and mute intervals',
    `${child('active_time_intervals: [ t ], mute_time_intervals: [ u ]')}time_intervals: [ { name: t }, { name: u } ]\n`,
  ),
  bad('an unknown mute interval', child('mute_time_intervals: [ t ]')),
  bad('an unknown active interval', child('active_time_intervals: [ t ]')),
  // Templates.
  good('templates that are not there', `${route('')}templates: [ nowhere/*.tmpl, one.tmpl ]\n`),
  bad('a bad pattern of templates', `${route('')}templates: [ "[.tmpl" ]\n`),
  bad('templates that are a text', `${route('')}templates: a.tmpl\n`),
  // YAML itself.
  good('anchors and aliases', `route: { receiver: &r a, routes: [ { receiver: *r } ] }\n${RECEIVERS}`),
  good(
    'a mapping that is merged',
    `route:\n  receiver: a\n  routes:\n  - &base { group_wait: 1s }\n  - { <<: *base, receiver: b }\n${RECEIVERS}`,
  ),
  differs(
    good('a second document', `${route('')}---\n${route('')}`),
    'Alertmanager reads the first document and forgets the others; who wrote them wants to know',
  ),
];
