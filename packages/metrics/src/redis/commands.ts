/** Which commands Redis has, and which of them wait or look something up. */

/** The most commands that are told apart; those that come later are {@link OTHER_COMMAND}. */
export const COMMANDS_MAX = 100;

/** The command of what Redis is not known to have, and of what comes when {@link COMMANDS_MAX} are told apart. */
export const OTHER_COMMAND = 'other';

/** What Redis and the modules that come with it have, by the first word: `CLIENT SETNAME` is `client`. */
export const COMMANDS: ReadonlySet<string> = new Set(
  `
  acl append arcount ardel ardelrange arget argetrange argrep arinfo arinsert arlastitems arlen armget armset
  arnext arop arring arscan arseek arset asking auth backup bgrewriteaof bgsave bitcount bitfield bitfield_ro
  bitop bitpos blmove blmovem blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin client cluster command config
  copy dbsize debug decr decrby del delex digest discard dump echo eval eval_ro evalsha evalsha_ro exec exists
  expire expireat expiretime failover fcall fcall_ro flushall flushdb function geoadd geodist geohash geopos
  georadius georadius_ro georadiusbymember georadiusbymember_ro geosearch geosearchstore get getbit getdel getex
  getrange getset hdel hello hexists hexpire hexpireat hexpiretime hget hgetall hgetdel hgetex himport hincrby
  hincrbyfloat hkeys hlen hmget hmset hotkeys hpersist hpexpire hpexpireat hpexpiretime hpttl hrandfield hscan
  hset hsetex hsetnx hstrlen httl hvals incr incrby incrbyfloat increx info keys lastsave latency lcs lindex
  linsert llen lmove lmovem lmpop lolwut lpop lpos lpush lpushx lrange lrem lset ltrim memory mget migrate module
  monitor move mset msetex msetnx multi object persist pexpire pexpireat pexpiretime pfadd pfcount pfdebug pfmerge
  pfselftest ping psetex psubscribe psync pttl publish pubsub punsubscribe quit randomkey readonly readwrite
  rename renamenx replconf replicaof reset restore restore-asking role rpop rpoplpush rpush rpushx sadd save scan
  scard script sdiff sdiffcard sdiffstore select sentinel set setbit setex setnx setrange shutdown sinter
  sintercard sinterstore sismember slaveof slowlog smembers smismember smove sort sort_ro spop spublish
  srandmember srem sscan ssubscribe strlen subscribe substr sunion sunioncard sunionstore sunsubscribe swapdb sync
  time touch trimslots ttl type unlink unsubscribe unwatch vadd vcard vdim vemb vgetattr vinfo vismember vlinks
  vrandmember vrange vrem vsetattr vsim wait waitaof watch xack xackdel xadd xautoclaim xcfgset xclaim xdel xdelex
  xgroup xidmprecord xinfo xlen xnack xpending xrange xread xreadgroup xrevrange xsetid xtrim zadd zcard zcount
  zdiff zdiffstore zincrby zinter zintercard zinterstore zlexcount zmpop zmscore zpopmax zpopmin zrandmember
  zrange zrangebylex zrangebyscore zrangestore zrank zrem zremrangebylex zremrangebyrank zremrangebyscore
  zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion zunionstore bf.add bf.card bf.exists
  bf.info bf.insert bf.loadchunk bf.madd bf.mexists bf.reserve bf.scandump cf.add cf.addnx cf.count cf.del
  cf.exists cf.info cf.insert cf.insertnx cf.loadchunk cf.mexists cf.reserve cf.scandump cms.incrby cms.info
  cms.initbydim cms.initbyprob cms.merge cms.query ft._list ft.aggregate ft.aliasadd ft.aliasdel ft.aliasupdate
  ft.alter ft.config ft.create ft.cursor ft.dictadd ft.dictdel ft.dictdump ft.dropindex ft.explain ft.explaincli
  ft.hybrid ft.info ft.profile ft.search ft.spellcheck ft.sugadd ft.sugdel ft.sugget ft.suglen ft.syndump
  ft.synupdate ft.tagvals json.arrappend json.arrindex json.arrinsert json.arrlen json.arrpop json.arrtrim
  json.clear json.debug json.del json.forget json.get json.merge json.mget json.mset json.numincrby json.nummultby
  json.objkeys json.objlen json.resp json.set json.strappend json.strlen json.toggle json.type tdigest.add
  tdigest.byrank tdigest.byrevrank tdigest.cdf tdigest.create tdigest.info tdigest.max tdigest.merge tdigest.min
  tdigest.quantile tdigest.rank tdigest.reset tdigest.revrank tdigest.trimmed_mean topk.add topk.count topk.incrby
  topk.info topk.list topk.query topk.reserve ts.add ts.alter ts.create ts.createrule ts.decrby ts.del
  ts.deleterule ts.get ts.incrby ts.info ts.madd ts.mget ts.mrange ts.mrevrange ts.queryindex ts.range ts.revrange
`
    .trim()
    .split(/\s+/),
);

/** Commands that wait in Redis until there is something, or until a time is over. */
export const BLOCKING: ReadonlySet<string> = new Set([
  'blmove',
  'blmovem',
  'blmpop',
  'blpop',
  'brpop',
  'brpoplpush',
  'bzmpop',
  'bzpopmax',
  'bzpopmin',
  'monitor',
  'wait',
  'waitaof',
]);

/** Commands that wait where `BLOCK` stands among their arguments. */
const BLOCKING_ON_REQUEST: ReadonlySet<string> = new Set(['xread', 'xreadgroup']);

/** Where `BLOCK` can stand: before `STREAMS`, behind group, consumer and count. */
const OPTIONS_MAX = 10;

/** Whether a command waits in Redis, so that its duration says nothing about Redis. */
export function isBlocking(command: string, args: readonly unknown[]): boolean {
  if (BLOCKING.has(command)) return true;
  if (!BLOCKING_ON_REQUEST.has(command)) return false;
  for (let i = 0; i < args.length && i < OPTIONS_MAX; i++) {
    const arg = args[i];
    const word = typeof arg === 'string' || Buffer.isBuffer(arg) ? String(arg).toUpperCase() : '';
    if (word === 'STREAMS') return false;
    if (word === 'BLOCK') return true;
  }
  return false;
}

/** Commands that look something up, and so hit or miss: one value, or an array of values. */
export const LOOKUPS: ReadonlyMap<string, 'one' | 'many'> = new Map([
  ['get', 'one'],
  ['getex', 'one'],
  ['getdel', 'one'],
  ['hget', 'one'],
  ['mget', 'many'],
  ['hmget', 'many'],
]);
