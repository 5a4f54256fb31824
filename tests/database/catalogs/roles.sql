create role joe login; create user ann with superuser connection limit 5; create role team nologin; grant team to joe with admin option;
create table t (id int primary key, v text, w int check (w > 0)); create view tv as select id, v from t; create sequence s; create schema sc;
create type mood as enum ('a'); create function f(int) returns int language sql as 'select $1';
grant select, insert on t to joe; grant update (v) on t to public; grant all on t to ann with grant option; grant usage on schema sc to team; grant usage on sequence s to joe; revoke execute on function f(int) from public;
revoke insert on t from joe; grant select on all tables in schema public to team;
comment on constraint t_w_check on t is 'positive'; comment on column tv.v is 'the v'; comment on type mood is 'moods'; comment on function f(int) is 'same'; comment on role joe is 'a person'; comment on index t_pkey is 'the key'; comment on sequence s is 'seq';
